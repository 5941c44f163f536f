import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { StateStream } from "@statestream/core";
import type { StateClient } from "../../src/index.ts";

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

/** Resolves when a client's state and status are as wanted; looks after each of its notifications. */
export async function until<T>(client: StateClient<T>, isSo: () => boolean): Promise<void> {
  if (isSo()) return;
  await new Promise<void>((resolve) => {
    const stop = client.subscribe(() => {
      if (!isSo()) return;
      stop();
      resolve();
    });
  });
}

/**
 * Whether a client believes that it has everything the stream has. Not whether that is true: tests ask so that a copy that
 * is wrong and does not know it fails them.
 */
export function believes(client: StateClient<unknown>, stream: StateStream): boolean {
  const { status, eventId = "" } = client.getStatus();
  // Without the selection, which a narrowed client's id ends in.
  return status === "live" && eventId.split(".").slice(0, 2).join(".") === stream.eventId;
}
