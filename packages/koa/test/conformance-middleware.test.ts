import { text } from "node:stream/consumers";
import { deliveryCases, headersArrive, listen, type RequestDefaults } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/koa";
import Koa, { type Middleware } from "koa";
import Koa2 from "koa2";
import compress from "koa-compress";

interface Front {
  readonly name: string;
  readonly use: readonly Middleware[];
  readonly defaults?: RequestDefaults;
  readonly headers?: Readonly<Record<string, RegExp>>;
}

const gzip = { headers: { "accept-encoding": "gzip" } };

/** What another middleware may do to keep compression on. */
const allowTransform: Middleware = async (ctx, next) => {
  await next();
  ctx.compress = true;
  ctx.set("cache-control", "no-cache");
};

/** Counts bytes, as tools that watch an application do. */
const watch: Middleware = (ctx, next) => {
  const write = ctx.res.write.bind(ctx.res) as (...args: unknown[]) => boolean;
  let count = 0;
  ctx.res.write = (...args: unknown[]) => {
    count++;
    return write(...args);
  };
  ctx.res.on("close", () => count.toString());
  return next();
};

const permit: Middleware = async (_, next) => {
  await new Promise((resolve) => setTimeout(resolve, 15));
  await next();
};

const fronts: readonly Front[] = [
  {
    name: "koa-compress",
    use: [compress({ threshold: 0 })],
    defaults: gzip,
    headers: { "cache-control": /no-transform/ },
  },
  {
    name: "koa-compress that is forced on",
    use: [compress({ threshold: 0, filter: () => true }), allowTransform],
    defaults: gzip,
  },
  {
    name: "CORS, security headers, request ids and cookies, before and after",
    use: [
      async (ctx, next) => {
        ctx.set({ "access-control-allow-origin": "*", "x-content-type-options": "nosniff" });
        ctx.cookies.set("first", "1");
        await next();
        ctx.set("x-request-id", "r-1");
        ctx.cookies.set("second", "2");
        // Long after the handler has returned, and still before the head is out.
        await new Promise((resolve) => setTimeout(resolve, 10));
        ctx.append("vary", "origin");
      },
    ],
    headers: {
      "access-control-allow-origin": /^\*$/,
      "x-content-type-options": /^nosniff$/,
      "x-request-id": /^r-1$/,
      "set-cookie": /^first=1.*, second=2/,
      vary: /origin/,
    },
  },
  {
    name: "a body parser, for POST",
    use: [
      async (ctx, next) => {
        // A client that leaves while it sends is not what is tested here.
        await text(ctx.req).catch(() => "");
        await next();
      },
    ],
    defaults: { method: "POST", headers: { "content-type": "application/json" }, body: '{"room":1}' },
  },
  { name: "permission that takes time", use: [permit] },
  { name: "a watched write", use: [watch] },
];

for (const { name, use, defaults = {}, headers = {} } of fronts) {
  const cases = [...deliveryCases, headersArrive(headers)];
  for (const [version, make] of [
    ["koa 3", () => new Koa()],
    ["koa 2", () => new Koa2() as unknown as Koa],
  ] as const) {
    describeAdapter(
      `${version} behind ${name}`,
      (stream, options) => {
        const app = make();
        for (const middleware of use) app.use(middleware);
        return listen(app.use((ctx) => streamState(ctx, stream, options)).callback());
      },
      { cases, defaults },
    );
  }
}
