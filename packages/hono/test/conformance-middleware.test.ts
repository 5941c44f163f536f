import { allCases, type Case, deliveryCases, headersArrive, type RequestDefaults } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/hono";
import { Hono, type MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { serveHttp2 } from "./support/http2.ts";
import { serve, serveFetch } from "./support/listen.ts";

interface Front {
  readonly name: string;
  readonly use: readonly MiddlewareHandler[];
  readonly defaults?: RequestDefaults;
  readonly headers?: Readonly<Record<string, RegExp>>;
  /** There is no Node response to plain `fetch`, which is what this is about. */
  readonly needsNode?: true;
}

const gzip = { headers: { "accept-encoding": "gzip" } };

/** What another middleware may do to the header that keeps compression off. */
const allowTransform: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set("cache-control", "no-cache");
};

/** Counts bytes, as tools that watch an application do. */
const watch: MiddlewareHandler = (c, next) => {
  const { outgoing } = c.env as { outgoing: { write(...args: unknown[]): boolean } };
  const write = outgoing.write.bind(outgoing);
  outgoing.write = (...args) => write(...args);
  return next();
};

const permit: MiddlewareHandler = async (_, next) => {
  await new Promise((resolve) => setTimeout(resolve, 15));
  await next();
};

const fronts: readonly Front[] = [
  { name: "compress", use: [compress({ threshold: 0 })], defaults: gzip, headers: { "cache-control": /no-transform/ } },
  {
    name: "cors, secureHeaders, requestId and cookies, before and after",
    use: [
      cors(),
      secureHeaders(),
      requestId(),
      async (c, next) => {
        setCookie(c, "first", "1");
        await next();
        setCookie(c, "second", "2");
        c.header("x-after", "1");
        // Long after the handler has returned, and still before the head is out.
        await new Promise((resolve) => setTimeout(resolve, 10));
        c.header("x-late", "1");
      },
    ],
    headers: {
      "access-control-allow-origin": /^\*$/,
      "x-content-type-options": /^nosniff$/,
      "x-request-id": /^[\w-]{36}$/,
      "set-cookie": /^first=1.*, second=2/,
      "x-after": /^1$/,
      "x-late": /^1$/,
    },
  },
  {
    name: "a parsed body, for POST",
    use: [
      async (c, next) => {
        // A client that leaves while it sends is not what is tested here.
        await c.req.text().catch(() => "");
        await next();
      },
    ],
    defaults: { method: "POST", headers: { "content-type": "application/json" }, body: '{"room":1}' },
  },
  { name: "permission that takes time", use: [permit] },
  { name: "a watched write", use: [watch], needsNode: true },
  {
    name: "a transform that changes nothing",
    use: [
      async (c, next) => {
        await next();
        if (c.res.body) c.res = new Response(c.res.body.pipeThrough(new TransformStream()), c.res);
      },
    ],
    needsNode: true,
  },
];

const stalls = allCases.filter(({ id }) => id.startsWith("stalled-") || id.startsWith("end-stalled"));

for (const { name, use, defaults = {}, headers = {}, needsNode = false } of fronts) {
  for (const [server, listen] of [
    ["@hono/node-server", serve],
    ["plain fetch", serveFetch],
  ] as const) {
    if (needsNode && listen !== serve) continue;
    describeAdapter(
      `hono on ${server} behind ${name}`,
      (stream, options) => listen(new Hono().use(...use).all("/events", (c) => streamState(c, stream, options))),
      { cases: [...deliveryCases, headersArrive(headers), ...(needsNode ? stalls : [])], defaults },
    );
  }
}

/** CompressionStream cannot be flushed, so nothing can be said of when events arrive; but clients that leave are let go. */
const leaveHeld: Case = {
  id: "leave-held",
  name: "MUST release a client whose events are held back",
  async run(trial) {
    const server = await trial.open({ state: { a: 0 } });
    const probes = [await trial.request(server), await trial.request(server), await trial.request(server)];
    await trial.connections(server, 3);
    for (const probe of probes) probe.cut();
    await trial.connections(server, 0);
  },
};

describeAdapter(
  "hono on @hono/node-server behind compress that is forced on",
  (stream, options) =>
    serve(
      new Hono()
        .use(compress({ threshold: 0, contentTypeFilter: /./ }), allowTransform)
        .get("/events", (c) => streamState(c, stream, options)),
    ),
  { cases: [leaveHeld], defaults: gzip },
);

describeAdapter(
  "hono over HTTP/2",
  (stream, options) => serveHttp2(new Hono().all("/events", (c) => streamState(c, stream, options))),
  {
    cases: [...deliveryCases, ...allCases.filter(({ id }) => id.startsWith("stalled-") || id.startsWith("head-"))],
    fails: { "stalled-cut": "Node resets the stream with NO_ERROR, which its client takes for an end" },
  },
);
