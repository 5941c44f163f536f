import { listen } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { writeStateStream } from "@statestream/core/node";

// Here and not in core: core must not depend on what depends on it.
describeAdapter("node:http", (stream, options) =>
  listen((req, res) => void writeStateStream(req, res, stream, options)),
);
