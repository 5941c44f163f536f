import type { EndReason, HeartbeatEvent, StateEvent, StateInitialEvent } from "./events.ts";

/**
 * One event of a connection's iterator: the fields of a Server-Sent Event, so that the writer of a framework can send it
 * as it is. Connections share these objects: read only.
 */
export interface ConnectionEvent {
  /** The event ID: opaque, to be handed back as `lastEventId`. Empty on a `state.end` that is the first event. */
  readonly id: string;
  /** The name of the event, which is its `type`. */
  readonly event: StateEvent["type"];
  /** The event as JSON text, as in `MessageEvent.data`: parsing it gives a `StateEvent`. */
  readonly data: string;
}

/**
 * The headers of a stream's response. All but the first keep intermediaries from holding events back; `incremental`
 * (RFC 10036) has them forward at once, or refuse visibly.
 */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  incremental: "?1",
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Up to this many UTF-16 units, copying ASCII one by one is faster than the encoder. */
const SHORT_TEXT = 512;

export function encode(text: string): Uint8Array {
  if (text.length > SHORT_TEXT) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return encoder.encode(text);
    bytes[index] = unit;
  }
  return bytes;
}

/** The `retry:` line: how long a client waits before it reconnects. No blank line: it is no event. */
export function retryLine(ms: number): Uint8Array {
  return encode(`retry: ${ms}\n`);
}

const UPDATE_LINES = "event: state.update\ndata: ";

/** An update up to where connections begin to differ: `more` and the ID depend on what they select. */
export function updateBody(
  slice: string,
  seq: number,
  base: number,
  member: string,
  cause: string | undefined,
): Uint8Array {
  const head = `${UPDATE_LINES}{"type":"state.update","slice":${JSON.stringify(slice)}`;
  return encode(`${head},"seq":${seq},"base":${base},${member}${cause === undefined ? "" : `,"cause":${cause}`}`);
}

/** What such a body says, as JSON. */
export function textOfUpdate(body: Uint8Array): string {
  return `${decoder.decode(body).slice(UPDATE_LINES.length)}}`;
}

/** The body that says this JSON. */
export function bodyOfUpdate(text: string): Uint8Array {
  return encode(`${UPDATE_LINES}${text.slice(0, -1)}`);
}

/** The rest of an update. Pure ASCII. */
export function updateTail(more: boolean, timestamp: number, id: string, ended?: readonly string[]): string {
  const members = `${more ? ',"more":true' : ""}${ended === undefined ? "" : `,"ended":${JSON.stringify(ended)}`}`;
  return `${members},"timestamp":${timestamp}}\nid: ${id}\n\n`;
}

/** A snapshot up to its first slice. */
export const SNAPSHOT_HEAD: Uint8Array = encode('event: state.initial\ndata: {"type":"state.initial","slices":{');

/** A slice within a snapshot, with the comma before it. */
export function snapshotMember(slice: string, text: string): Uint8Array {
  return encode(`,${JSON.stringify(slice)}:${text}`);
}

/** A snapshot as segments: its members keep their bytes, so that every snapshot with the same slices shares them. */
export function snapshotSegments(members: readonly Uint8Array[], tail: string): Uint8Array[] {
  return [SNAPSHOT_HEAD, ...members.map((bytes, index) => (index === 0 ? bytes.subarray(1) : bytes)), encode(tail)];
}

/** A snapshot after its last slice. Pure ASCII. */
export function snapshotTail(snapshot: Omit<StateInitialEvent, "type" | "slices">, id: string): string {
  return `},${JSON.stringify(snapshot).slice(1)}\nid: ${id}\n\n`;
}

export function heartbeatFrame(heartbeat: Omit<HeartbeatEvent, "type">, id: string): Uint8Array {
  return encode(`event: heartbeat\ndata: ${JSON.stringify({ type: "heartbeat", ...heartbeat })}\nid: ${id}\n\n`);
}

/** Without an ID where the client was sent no state: it keeps the one it came with. */
export function endFrame(reason: EndReason, retry: boolean, timestamp: number, id: string | undefined): Uint8Array {
  const data = JSON.stringify({ type: "state.end", reason, retry, timestamp });
  return encode(`event: state.end\ndata: ${data}\n${id === undefined ? "" : `id: ${id}\n`}\n`);
}

/** Segments in one array, which one write carries. */
export function concatenate(segments: readonly Uint8Array[]): Uint8Array {
  const [first] = segments;
  if (segments.length === 1 && first !== undefined) return first;
  let length = 0;
  for (const segment of segments) length += segment.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const segment of segments) {
    bytes.set(segment, offset);
    offset += segment.length;
  }
  return bytes;
}

/** The events of whole frames that this file encoded: an event line, a data line, and an id line where there is one. */
export function decodeFrames(bytes: Uint8Array): ConnectionEvent[] {
  const frames = decoder.decode(bytes).split("\n\n").slice(0, -1);
  return frames.map((frame) => {
    const [event, data, id = "id: "] = frame.split("\n") as [string, string, string?];
    return {
      id: id.slice("id: ".length),
      event: event.slice("event: ".length) as StateEvent["type"],
      data: data.slice("data: ".length),
    };
  });
}
