import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { streamState } from "@statestream/hono";
import { Hono } from "hono";
import { readBody } from "./http.ts";
import type { Playground } from "./playground.ts";

export function honoListener({ stream, headers: own, answer }: Playground): RequestListener {
  const app = new Hono();

  app.get("/events", (c) => streamState(c, stream, { headers: { "x-framework": "hono", ...own } }));

  app.all("*", async (c) => {
    const { status, headers, body } = await answer({
      method: c.req.method,
      path: c.req.path,
      body: await readBody(c.req.raw.body),
      acceptEncoding: c.req.header("accept-encoding"),
      idempotencyKey: c.req.header("idempotency-key"),
    });
    return new Response(body, { status, headers });
  });

  const handle = getRequestListener(app.fetch);
  return (req, res) => void handle(req, res);
}
