import type { StateStream } from "@statestream/core";
import type { StateClient } from "../../src/index.ts";

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
