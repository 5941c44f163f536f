import type { Json, StateUpdateEvent } from "@statestream/core";

/** One event of a commit. */
export type EntryEvent = Pick<StateUpdateEvent, "slice" | "seq" | "base" | "patches" | "value" | "removed">;

/** Reads the body of an entry: the time, then a line of JSON for each event, with "!" before it where its slice is hidden. */
export function readEntryBody(body: string): EntryEvent[] {
  const [, ...lines] = body.split("\n");
  return lines.map((line) => JSON.parse(line.replace(/^!/, "")) as EntryEvent);
}

/** Reads the state out of a checkpoint's body. */
export function readCheckpointBody(body: string): Record<string, Json> {
  const { slices } = JSON.parse(body) as { slices: [string, Json][] };
  return Object.fromEntries(slices);
}
