import type { RequestListener } from "node:http";
import { streamState } from "@statestream/express";
import express from "express";
import { readBody } from "./http.ts";
import type { Playground } from "./playground.ts";

export function expressListener({ stream, headers: own, answer }: Playground): RequestListener {
  const app = express();

  app.get("/events", (req, res) => {
    streamState(req, res, stream, { headers: { "x-framework": "express", ...own } });
  });

  app.use(async (req, res) => {
    const { status, headers, body } = await answer({
      method: req.method,
      path: req.path,
      body: await readBody(req),
      acceptEncoding: req.get("accept-encoding"),
      idempotencyKey: req.get("idempotency-key"),
    });
    res.writeHead(status, headers).end(body);
  });

  return app;
}
