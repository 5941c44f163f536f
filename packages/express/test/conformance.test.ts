import { listen } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/express";
import express from "express";
import express4 from "express4";

describeAdapter("express 5", (stream, options) =>
  listen(express().all("/events", (req, res) => void streamState(req, res, stream, options))),
);

describeAdapter("express 4", (stream, options) =>
  listen(express4().all("/events", (req, res) => void streamState(req, res, stream, options))),
);
