import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Listener = (req: IncomingMessage, res: ServerResponse) => void;

export interface Listening {
  readonly port: number;
  /** Breaks every connection; the server goes on. */
  cut(): void;
  /** Stops at once. */
  stop(): Promise<void>;
}

/** Serves on the loopback, on a port of the system's choice unless one is given. */
export async function listen(listener: Listener, port = 0): Promise<Listening> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => server.closeAllConnections(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
