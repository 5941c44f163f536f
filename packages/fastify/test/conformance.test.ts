import { listen } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/fastify";
import { fastify } from "fastify";
import { fastify as fastify4 } from "fastify4";

describeAdapter("fastify 5", async (stream, options) => {
  const app = fastify();
  app.all("/events", (request, reply) => streamState(request, reply, stream, options));
  await app.ready();
  return listen(app.server);
});

describeAdapter("fastify 4", async (stream, options) => {
  const app = fastify4();
  app.all("/events", async (request, reply) => streamState(request, reply, stream, options));
  await app.ready();
  return listen(app.server);
});
