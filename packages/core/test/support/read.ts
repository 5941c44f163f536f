import type { Connection } from "../../src/delivery/connection.ts";
import type { StateEvent, StateUpdateEvent } from "../../src/protocol/events.ts";
import { type ConnectionEvent, decodeFrames } from "../../src/protocol/frame.ts";

/** Everything a connection has to say now, with its IDs. */
export function framesOf(connection: Connection): ConnectionEvent[] {
  const chunks: Uint8Array[] = [];
  for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) chunks.push(chunk);
  // The `retry:` line is a chunk of its own, and no frame.
  if (new TextDecoder().decode(chunks[0]).startsWith("retry:")) chunks.shift();
  return decodeFrames(Buffer.concat(chunks));
}

export function eventsOf(connection: Connection): StateEvent[] {
  return framesOf(connection).map(({ data }) => JSON.parse(data) as StateEvent);
}

/** The updates a connection has to say now, without what every update has. */
export function updatesOf(connection: Connection): Partial<StateUpdateEvent>[] {
  return eventsOf(connection)
    .filter((event) => event.type === "state.update")
    .map(({ type: _type, timestamp: _timestamp, seq: _seq, base: _base, ...rest }) => rest);
}
