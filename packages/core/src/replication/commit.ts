import { bodyOfUpdate, textOfUpdate } from "../protocol/frame.ts";
import type { Difference } from "../diff/differ.ts";
import { hasAppend } from "../diff/strict.ts";
import type { Cause, StateUpdateEvent } from "../protocol/events.ts";
import { isEpoch, isSeq } from "../protocol/event-id.ts";
import type { EncodedEvent, Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import type { Json, Operation } from "../json/types.ts";
import { isRecord } from "../json/json.ts";

/** One commit on its way between servers: what clients are sent of it, and the position it follows on. */
export interface Commit {
  /** The epoch of its events. */
  readonly epoch: string;
  /** The epoch of the event before its first. */
  readonly previous: string;
  /** The seq of its first event. */
  readonly first: number;
  /** The seq of its last event. */
  readonly last: number;
  /** Its format and time, then a line of JSON for each event: what clients get, without what differs between them. */
  readonly body: string;
}

/** An event of a commit, with what it says. */
export interface ToldEvent extends EncodedEvent {
  readonly patches: readonly Operation[] | undefined;
  readonly value: Json | undefined;
}

/**
 * What a reader of the commit must know: 1, the operations of RFC 6902; 2, `append` too. A commit has the lowest format that
 * will do, so that nodes of an earlier version go on reading for as long as they can.
 */
const STRICT_FORMAT = 1;
const APPEND_FORMAT = 2;

/** Marks an event that removes a slice because it was hidden. No JSON begins with it. */
const HIDDEN = "!";

/** The commit that consists of these events of the log. There is at least one. */
export function commitOf(log: Log, events: readonly Entry[]): Commit {
  const { commit: first, timestamp } = events[0] as Entry;
  const last = first + events.length - 1;
  const lines = events.map(({ hidden, body }) => (hidden ? HIDDEN : "") + textOfUpdate(body));
  const format = events.some(({ appends }) => appends) ? APPEND_FORMAT : STRICT_FORMAT;
  const body = [`${format} ${timestamp}`, ...lines].join("\n");
  return { epoch: log.epochAt(last), previous: log.epochAt(first - 1), first, last, body };
}

/** Whether this version can read the commit. Another may write what only applying it correctly keeps in agreement. */
export function hasKnownFormat({ body }: Commit): boolean {
  const format = /^\d{1,9}(?= )/.exec(body);
  return format === null || Number(format[0]) <= APPEND_FORMAT;
}

/**
 * Reads the body that `commitOf` wrote. Unknown members are passed on to clients, which ignore them, so that servers of two
 * versions can work side by side.
 *
 * @throws {Error} for a malformed commit
 */
export function readCommit(commit: Commit): { timestamp: number; events: ToldEvent[] } {
  const { epoch, previous, first, last, body } = commit;
  if (!isEpoch(epoch) || !isEpoch(previous) || !isSeq(first) || !isSeq(last) || first < 1) {
    throw new Error("Its epoch, previous, first or last is malformed.");
  }
  if (!hasKnownFormat(commit)) {
    throw new Error(
      "Its format is of a later version; this node keeps its state until it can read a newer checkpoint.",
    );
  }
  const [head = "", ...lines] = body.split("\n");
  const [, time] = /^[1-9]\d{0,8} (\d{1,15})$/.exec(head) ?? [];
  if (time === undefined) throw new Error("Its body does not begin with a format and a time.");
  const count = last - first + 1;
  if (lines.length !== count || count < 1) throw new Error(`It has ${lines.length} events, not ${count}.`);
  return { timestamp: Number(time), events: lines.map((line, index) => readEvent(line, first + index)) };
}

/** What one event of a commit changes: exactly one of `patches`, `value` and `removed` is there. */
export interface CommitChange {
  readonly slice: string;
  readonly patches?: readonly Operation[];
  readonly value?: Json;
  readonly removed?: true;
  readonly cause?: Cause;
}

/** What a commit changes, for the application that made it. */
export function readChanges({ body }: Commit): CommitChange[] {
  return body
    .split("\n")
    .slice(1)
    .map((line) => {
      const text = line.startsWith(HIDDEN) ? line.slice(HIDDEN.length) : line;
      const { type: _type, seq: _seq, base: _base, ...change } = JSON.parse(text) as StateUpdateEvent;
      return change;
    });
}

function readEvent(line: string, expected: number): ToldEvent {
  const hidden = line.startsWith(HIDDEN);
  const text = hidden ? line.slice(HIDDEN.length) : line;
  const event: unknown = JSON.parse(text);
  // The text becomes a line of a frame, which continues where this object ends.
  if (!isRecord(event) || !text.startsWith("{") || !text.endsWith("}") || text.includes("\r")) {
    throw new Error(`Event ${expected} is not one line with a JSON object.`);
  }
  const { type, slice, seq, base, patches, value, removed, cause } = event;
  const kind = kindOf(event);
  if (type !== "state.update" || typeof slice !== "string" || seq !== expected || kind === undefined) {
    throw new Error(`Event ${expected} is malformed or out of sequence.`);
  }
  if (!isSeq(base) || base >= expected) throw new Error(`The base of event ${expected} is malformed.`);
  if (kind === "patches" && !Array.isArray(patches))
    throw new Error(`The patches of event ${expected} are not a list.`);
  if (kind === "removed" && removed !== true) throw new Error(`The member removed of event ${expected} is not true.`);
  // Each connection adds these itself.
  if (Object.hasOwn(event, "more") || Object.hasOwn(event, "timestamp"))
    throw new Error(`Event ${expected} has a member that only a connection may add (more, timestamp).`);
  return {
    slice,
    kind,
    appends: hasAppend((patches ?? []) as Operation[]),
    hidden,
    base,
    cause: isRecord(cause) && typeof cause["type"] === "string" ? JSON.stringify(cause) : undefined,
    body: bodyOfUpdate(text),
    patches: patches as Operation[] | undefined,
    value: value as Json | undefined,
  };
}

/** `undefined` where it has none of them, or more than one. */
function kindOf(event: Record<string, unknown>): Difference["kind"] | undefined {
  const kinds = (["patches", "value", "removed"] as const).filter((kind) => Object.hasOwn(event, kind));
  return kinds.length === 1 ? kinds[0] : undefined;
}
