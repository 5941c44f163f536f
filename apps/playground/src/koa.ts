import type { RequestListener } from "node:http";
import { streamState } from "@statestream/koa";
import Koa from "koa";
import { readBody } from "./http.ts";
import type { Playground } from "./playground.ts";

export function koaListener({ stream, headers: own, answer }: Playground): RequestListener {
  const app = new Koa();

  app.use(async (ctx) => {
    // Without a router, the method is ours to check.
    if (ctx.path === "/events" && (ctx.method === "GET" || ctx.method === "HEAD")) {
      return streamState(ctx, stream, { headers: { "x-framework": "koa", ...own } });
    }

    const { status, headers, body } = await answer({
      method: ctx.method,
      path: ctx.path,
      body: await readBody(ctx.req),
      acceptEncoding: ctx.get("accept-encoding"),
      idempotencyKey: ctx.get("idempotency-key") || undefined,
    });
    ctx.status = status;
    ctx.set({ ...headers });
    ctx.body = typeof body === "string" || body === null ? body : Buffer.from(body);
  });

  app.on("error", (error: Error, ctx?: Koa.Context) => {
    // Koa reports clients that leave in the middle of their request too, and that is no error of ours.
    if (ctx?.req.complete !== false) app.onerror(error);
  });

  const handle = app.callback();
  return (req, res) => void handle(req, res);
}
