import type { RedisListener } from "./redis-client.ts";

/**
 * A connection of the backplane's own, in one shape for every library. For a cluster it consists of several, which its library
 * opens and replaces.
 */
export interface Connection {
  /** It has been opened, and neither side has ended it for good. */
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  /** `key`: one of the command's keys, which decides who serves it in a cluster. */
  sendCommand(args: readonly string[], key: string): Promise<unknown>;
  /** Sends commands one after the other, to the server of this key. */
  sendCommands(commands: readonly (readonly string[])[], key: string): Promise<unknown[]>;
  /** In a cluster, the channels that can be subscribed are subscribed even where it rejects because of others. */
  subscribe(channels: readonly string[], listener: RedisListener): Promise<unknown>;
  unsubscribe(channels: readonly string[], listener: RedisListener): Promise<unknown>;
  /** `ready` is emitted again whenever a connection was replaced, so that messages may have been missed. */
  on(event: "connect" | "ready", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  destroy(): void;
}

/** What a connection is for. */
export type Purpose = "commands" | "messages";

/** How the backplane uses an application's client. */
export interface Driver {
  /** Makes a new connection with the options of the application's client. */
  connect(purpose: Purpose): Connection;
  /** The number of the database that its connections use. */
  readonly database: number;
  /** Channels belong to slots as keys do, and a script must keep to one slot. */
  readonly isCluster: boolean;
}

/** After a connection was replaced, others often follow. */
const REPLACED_MS = 100;

/** Calls the function once for several calls that follow closely. */
export function coalesced(fn: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      fn();
    }, REPLACED_MS).unref();
  };
}

/** Does the same for each of several channels. Rejects with the first error once all have settled. */
export async function forEachChannel(
  channels: readonly string[],
  work: (channel: string) => Promise<unknown>,
): Promise<void> {
  for (const outcome of await Promise.allSettled(channels.map(work)))
    if (outcome.status === "rejected") throw outcome.reason;
}
