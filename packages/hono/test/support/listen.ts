import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { listen, listenFetch, type Mounted } from "@statestream/conformance";
import type { Hono } from "hono";
import { createAdaptorServer as createAdaptorServer1 } from "node-server1";

/** Serves an app with @hono/node-server. */
export function serve(app: Hono): Promise<Mounted> {
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server);
}

/** Serves an app with the oldest @hono/node-server of the peer range. */
export function serveOldest(app: Hono): Promise<Mounted> {
  return listen(createAdaptorServer1({ fetch: app.fetch }) as Server);
}

/** Serves an app as any runtime with `fetch` would. */
export function serveFetch(app: Hono): Promise<Mounted> {
  return listenFetch((request) => app.fetch(request));
}
