import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { createAdaptorServer } from "@hono/node-server";
import { listen, type Mounted } from "@statestream/conformance";
import type { Hono } from "hono";

/** Serves an app with @hono/node-server. */
export function serve(app: Hono): Promise<Mounted> {
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server);
}

/**
 * Serves an app as any runtime with `fetch` would: a Request goes in, a Response comes out, and nothing is known of what
 * is behind them.
 */
export function serveFetch(app: Hono): Promise<Mounted> {
  return listen((req, res) => void answer(app, req, res));
}

async function answer(app: Hono, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const left = new AbortController();
  res.once("close", () => left.abort());
  if (res.socket === null) await once(res, "socket");
  const { method = "GET", url = "/" } = req;
  const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
  const body = method === "GET" || method === "HEAD" ? null : await text(req);
  const request = new Request(`http://${req.headers.host}${url}`, { method, headers, body, signal: left.signal });
  const response = await app.fetch(request);
  res.statusCode = response.status;
  for (const [name, value] of response.headers) res.appendHeader(name, value);
  if (response.body === null) {
    res.end();
    return;
  }
  res.flushHeaders();
  const reader = response.body.getReader();
  let ready: (() => void) | undefined;
  res.on("drain", () => ready?.());
  res.on("close", () => {
    ready?.();
    void reader.cancel();
  });
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (!res.write(value)) await new Promise<void>((resolve) => (ready = resolve));
  }
  res.end();
}
