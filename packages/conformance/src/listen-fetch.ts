import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { listen } from "./listen.ts";
import type { Mounted } from "./local.ts";

/**
 * Serves a handler for `fetch` runtimes: a Request goes in, a Response comes out, and the handler sees nothing of what is
 * behind them.
 */
export function listenFetch(handle: (request: Request) => Response | Promise<Response>): Promise<Mounted> {
  return listen((req, res) => void answer(handle, req, res));
}

async function answer(
  handle: (request: Request) => Response | Promise<Response>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const left = new AbortController();
  res.once("close", () => left.abort());
  // A pipelined request waits for its turn, as in a server that reads one request at a time.
  if (res.socket === null) await once(res, "socket");
  const { method = "GET", url = "/" } = req;
  const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
  const body = method === "GET" || method === "HEAD" ? null : await text(req);
  const request = new Request(`http://${req.headers.host}${url}`, { method, headers, body, signal: left.signal });
  const response = await handle(request);
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
