import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Mounted } from "./local.ts";

/** A framework's listener. Some return a promise, whose errors the framework handles itself. */
type Listener = (req: IncomingMessage, res: ServerResponse) => unknown;

/** Serves requests on a port of the system's choice; for mounts whose framework gives a listener or a `node:http` server. */
export async function listen(target: Listener | Server): Promise<Mounted> {
  const server = typeof target === "function" ? createServer((req, res) => void target(req, res)) : target;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
