import { listen, listenFetch } from "@statestream/conformance";
import { controlHandler, localSubject, type Mount } from "@statestream/conformance/control";
import { streamState as streamStateOfFetch } from "@statestream/core/fetch";
import { writeStateStream } from "@statestream/core/node";
import { streamState as streamStateOfExpress } from "@statestream/express";
import { streamState as streamStateOfFastify } from "@statestream/fastify";
import { streamState as streamStateOfHono } from "@statestream/hono";
import { streamState as streamStateOfKoa } from "@statestream/koa";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import type { Server } from "node:http";

/** Each adapter on the framework's own server. */
const mounts: Readonly<Record<string, Mount>> = {
  fetch: (stream, options) => listenFetch((request) => streamStateOfFetch(request, stream, options)),
  hono: (stream, options) => {
    const app = new Hono().all("*", (c) => streamStateOfHono(c, stream, options));
    return listen(createAdaptorServer({ fetch: app.fetch }) as Server);
  },
  express: (stream, options) =>
    listen(express().use((req, res) => void streamStateOfExpress(req, res, stream, options))),
  koa: (stream, options) => listen(new Koa().use((ctx) => streamStateOfKoa(ctx, stream, options)).callback()),
  fastify: async (stream, options) => {
    const app = fastify();
    app.all("*", (request, reply) => streamStateOfFastify(request, reply, stream, options));
    await app.ready();
    return listen(app.server);
  },
  node: (stream, options) => listen((req, res) => void writeStateStream(req, res, stream, options)),
};

const controls = new Map(Object.entries(mounts).map(([name, mount]) => [name, controlHandler(localSubject(mount))]));

const { url } = await listenFetch((request) => {
  const [, name = ""] = new URL(request.url).pathname.split("/");
  return controls.get(name)?.(request) ?? new Response(null, { status: 404 });
});
console.log(`listening on ${new URL(url).port}`);
