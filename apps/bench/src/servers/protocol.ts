import type { Json, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import type { Change } from "./board.ts";

// What servers that are not ours send: the events of PROTOCOL.md, so that every client can be checked in the same way.

export const SLICE = "board";

export const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

export function snapshotOf(state: Record<string, Json>, seq: number): StateInitialEvent {
  const slices = { [SLICE]: state };
  return { type: "state.initial", slices, reason: "connect", seq, heartbeatMs: 15_000, timestamp: Date.now() };
}

export function updateOf({ seq, operations: patches }: Pick<Change, "seq" | "operations">): StateUpdateEvent {
  return { type: "state.update", slice: SLICE, seq, base: seq - 1, patches, timestamp: Date.now() };
}

export function idOf(seq: number): string {
  return `benchmarked.${seq.toString(36)}`;
}

export function frameOf(event: StateInitialEvent | StateUpdateEvent): Buffer {
  return Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\nid: ${idOf(event.seq)}\n\n`);
}
