import { bodyOfUpdate, textOfUpdate } from "./frame.ts";
import { isRecord } from "./json.ts";
import type { Difference } from "./differ.ts";
import type { EncodedEvent, Entry } from "./log.ts";
import type { Json, Operation } from "./events.ts";

/** One commit on its way between servers: what clients are told of it, and the position it builds on. */
export interface Commit {
  /** Of its events. */
  readonly epoch: string;
  /** The epoch of the event before its first. */
  readonly previous: string;
  /** The seq of its first event. */
  readonly first: number;
  /** The seq of its last event. */
  readonly last: number;
  /** The time, then a line of JSON for each event: what clients get, without what differs between them. */
  readonly body: string;
}

/** An event of a commit, with what it says. */
export interface ToldEvent extends EncodedEvent {
  readonly patches: readonly Operation[] | undefined;
  readonly value: Json | undefined;
}

/** Stands before an event that removes its slice since it may no longer be seen. No JSON begins with it. */
const HIDDEN = "!";

export function bodyOfCommit(entries: readonly Entry[], hidden: ReadonlySet<number>): string {
  const lines = entries.map(({ seq, body }) => (hidden.has(seq) ? HIDDEN : "") + textOfUpdate(body));
  return [entries[0]?.timestamp, ...lines].join("\n");
}

/**
 * Reads what `bodyOfCommit` wrote. Members it does not know are passed on to clients, who ignore them: servers of two
 * versions may work side by side.
 *
 * @throws {Error} when it is not such a body
 */
export function readCommit({ body, first, last }: Commit): { timestamp: number; events: ToldEvent[] } {
  const [time, ...lines] = body.split("\n");
  const timestamp = Number(time);
  const events = lines.map((line, index) => readEvent(line, first + index));
  if (!Number.isSafeInteger(timestamp) || events.length !== last - first + 1) {
    throw new Error(`It has ${events.length} events, not ${last - first + 1}, or no time.`);
  }
  return { timestamp, events };
}

function readEvent(line: string, expected: number): ToldEvent {
  const hidden = line.startsWith(HIDDEN);
  const text = hidden ? line.slice(HIDDEN.length) : line;
  const event: unknown = JSON.parse(text);
  if (!isRecord(event)) throw new Error("An event is no object.");
  const { slice, seq, base, patches, value, removed } = event;
  const kind = kindOf(event);
  if (typeof slice !== "string" || seq !== expected || typeof base !== "number" || kind === undefined) {
    throw new Error(`The event ${expected} is none, or another.`);
  }
  if (kind === "patches" && !Array.isArray(patches)) throw new Error(`The patches of event ${expected} are no list.`);
  if (kind === "removed" && removed !== true)
    throw new Error(`The event ${expected} says that its slice is not removed.`);
  return {
    slice,
    kind,
    hidden,
    base,
    body: bodyOfUpdate(text),
    patches: patches as Operation[] | undefined,
    value: value as Json | undefined,
  };
}

function kindOf(event: Record<string, unknown>): Difference["kind"] | undefined {
  return (["patches", "value", "removed"] as const).find((kind) => Object.hasOwn(event, kind));
}
