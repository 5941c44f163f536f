import { PassThrough, type Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";
import { fastifyCookie } from "@fastify/cookie";
import { fastifyCors } from "@fastify/cors";
import { deliveryCases, headersArrive, listen, type RequestDefaults } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/fastify";
import { fastify, type FastifyInstance, type FastifyReply } from "fastify";

interface Front {
  readonly name: string;
  readonly use: (app: FastifyInstance) => unknown;
  readonly handle?: (reply: FastifyReply) => void;
  readonly defaults?: RequestDefaults;
  readonly headers?: Readonly<Record<string, RegExp>>;
}

const fronts: readonly Front[] = [
  {
    name: "CORS, cookies and headers of hooks",
    use: (app) => {
      void app.register(fastifyCors, { origin: true, credentials: true });
      void app.register(fastifyCookie);
      app.addHook("onRequest", async (_, reply) => {
        reply.header("x-request-id", "r-1");
        reply.raw.setHeader("x-raw", "1");
        reply.setCookie("first", "1");
      });
      app.addHook("onSend", async (_, reply, payload) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        reply.header("x-content-type-options", "nosniff");
        return payload;
      });
    },
    handle: (reply) => void reply.setCookie("second", "2"),
    defaults: { headers: { origin: "http://example.com" } },
    headers: {
      "access-control-allow-origin": /^http:\/\/example\.com$/,
      "access-control-allow-credentials": /^true$/,
      "x-request-id": /^r-1$/,
      "x-raw": /^1$/,
      "x-content-type-options": /^nosniff$/,
      "set-cookie": /^first=1.*, second=2/,
    },
  },
  {
    name: "a hook that compresses the payload",
    use: (app) =>
      app.addHook("onSend", async (_, reply, payload) => {
        reply.header("content-encoding", "gzip");
        return (payload as Readable).pipe(createGzip({ flush: constants.Z_SYNC_FLUSH }));
      }),
    headers: { "content-encoding": /^gzip$/ },
  },
  {
    name: "a hook that pipes the payload",
    use: (app) => app.addHook("onSend", async (_, _reply, payload) => (payload as Readable).pipe(new PassThrough())),
  },
  { name: "permission that takes time", use: (app) => app.addHook("preHandler", () => passed(15)) },
  {
    name: "a body parser, for POST",
    use: () => undefined,
    defaults: { method: "POST", headers: { "content-type": "application/json" }, body: '{"room":1}' },
  },
  {
    name: "trailers",
    use: () => undefined,
    handle: (reply) => void reply.trailer("server-timing", async () => "total;dur=1"),
  },
];

for (const { name, use, handle, defaults = {}, headers = {} } of fronts) {
  describeAdapter(
    `fastify 5 behind ${name}`,
    async (stream, options) => {
      const app = fastify();
      await use(app);
      app.all("/events", async (request, reply) => {
        handle?.(reply);
        return streamState(request, reply, stream, options);
      });
      await app.ready();
      return listen(app.server);
    },
    { cases: [...deliveryCases, headersArrive(headers)], defaults },
  );
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
