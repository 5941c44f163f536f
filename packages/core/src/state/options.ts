import { rateOf } from "../delivery/rate.ts";
import { MAX_TIMER_MS } from "../support/clock.ts";
import { type Compare, compareWith, type Differ } from "../diff/differ.ts";
import { structuralCompare } from "../diff/structural-differ.ts";
import { invalidOption, type StateStreamError } from "../support/errors.ts";
import type { Json } from "../json/types.ts";
import type { Cause } from "../protocol/events.ts";
import type { Serialize } from "./comparison.ts";
import type { SnapshotMode } from "./source.ts";

/** Options of every stream. An invalid or unknown option throws `invalid-option` at once. */
export interface StateStreamOptions<S extends object> {
  /**
   * The slices that clients may see: top-level keys of the state, or a function of the state, called again on every
   * change. A slice that becomes visible is sent as a value, one that stops being visible as removed. If the function
   * throws, the change is withheld from every client. Default: every slice, including those added later.
   */
  slices?: readonly (keyof S & string)[] | ((state: S) => readonly (keyof S & string)[]);
  /**
   * How previous states are kept for comparison: `shared` by reference, `copy` as private copies, for state that is
   * mutated in place. A store that mutates in place and notifies without naming a slice needs `copy`: otherwise it looks
   * unchanged. Default: what the source says; own state and stores `shared`, event buses `copy`.
   */
  snapshots?: SnapshotMode;
  /**
   * Finds the operations between two values of a slice. Default: a structural comparison that follows rows of arrays by
   * `rowIds` and finds text that grew. `fastJsonPatch` is a ready alternative. It may give `append` operations, which clients
   * that did not ask for them get as `replace`. What a differ throws is reported as `differ-failed`, and the value
   * is sent.
   */
  differ?: Differ;
  /**
   * Members that identify the rows of an array, tried in this order: the first that every row has, each with a different
   * string or number, is used to follow rows that move. An empty list follows none. Only for the default differ: beside
   * `differ` it throws. Default: `["id", "_id", "key", "uuid", "name"]`.
   */
  rowIds?: readonly string[];
  /**
   * Turns a slice's value into JSON text, to redact it or to carry what JSON cannot. Clients see what parsing that text
   * gives. Default: `JSON.stringify`.
   */
  serialize?: Serialize;
  /**
   * What clients are sent about a cause, called for each slice it changed; `undefined` sends nothing. Default: its `type`
   * and `id`, never its payload. `(cause) => cause` sends everything.
   */
  cause?: (cause: Cause, change: { readonly slice: string }) => Cause | undefined;
  /** Milliseconds between heartbeats; clients treat two and a half times this without a byte as a dead connection. Default 15,000. */
  heartbeatMs?: number;
  /** Milliseconds a client waits before it reconnects, drawn for each client between this and twice this. Default 2,000. */
  retryMs?: number;
  /** How many events the log keeps for clients that resume or lag. Clients further behind get a snapshot. Default 1,000. */
  maxLogEvents?: number;
  /** How many bytes of events the log keeps. Default 8 MiB. */
  maxLogBytes?: number;
  /**
   * How many bytes connections in the middle of a large event may hold together; what several of them hold, such as the
   * JSON of a slice, counts once. Beyond it, a connection that needs a large event waits for room, at most `maxStallMs`, then
   * gets `state.end` with `overloaded`; meanwhile connections that have taken nothing for five seconds are closed. Two
   * events of the largest size always fit. Default 64 MiB.
   */
  maxPinnedBytes?: number;
  /**
   * Milliseconds after which a connection that took no byte is closed with `stalled`. In the middle of a large event it is
   * that long for each 128 KiB that the client's socket took at once, since a slow client may still be reading them: at the
   * default, one that reads 5 KB/s is kept, and one that reads nothing of a large state is closed after minutes, or after
   * five seconds where others wait for memory. Default 30,000.
   */
  maxStallMs?: number;
  /**
   * Milliseconds after which a connection is ended with `max-age`, so that clients spread over the servers again; drawn
   * for each connection between four fifths of this and this. Default: never.
   */
  maxAgeMs?: number;
  /** How many connections may be open; one more is ended with `overloaded`. Default: unlimited. */
  maxConnections?: number;
  /**
   * Called with each error that the stream survived: a `StateStreamError` with a `code`, and its `slice` and `cause` where
   * there are any. Without it, `set`, `patch`, `append`, `remove` and `batch` throw, and a failing source causes one process warning.
   */
  onError?: (error: StateStreamError) => void;
}

/** Options with every default in its place. */
export type Settings<S extends object> = {
  readonly [Name in Exclude<keyof StateStreamOptions<S>, "differ" | "rowIds">]-?: Name extends
    | "slices"
    | "serialize"
    | "onError"
    ? StateStreamOptions<S>[Name] | undefined
    : NonNullable<StateStreamOptions<S>[Name]>;
} & {
  /** The comparison that follows from `differ` and `rowIds`. */
  readonly compare: Compare;
  /** Whether every change may take away a right to see what was there before. Not an option: true for views. */
  readonly isRevocable?: boolean;
  /** Not an option: the JSON that the views of one stream share. */
  readonly sharedJson?: WeakMap<object, Json>;
  /** Not an option: values of views that the stream of these views watches for mutations. */
  readonly watched?: WeakSet<object>;
};

const ROW_IDS = ["id", "_id", "key", "uuid", "name"];

interface Check {
  readonly accepts: (value: unknown) => boolean;
  readonly expected: string;
}

const POSITIVE: Check = { accepts: (value) => typeof value === "number" && value > 0, expected: "above 0" };
const COUNT: Check = { accepts: (value) => typeof value === "number" && value >= 0, expected: "0 or more" };
const FUNCTION: Check = { accepts: (value) => typeof value === "function", expected: "a function" };

const CHECKS: Readonly<Record<keyof StateStreamOptions<object>, Check>> = {
  slices: {
    accepts: (value) => typeof value === "function" || isNames(value),
    expected: "a list of names or a function",
  },
  snapshots: { accepts: (value) => value === "shared" || value === "copy", expected: '"shared" or "copy"' },
  differ: FUNCTION,
  rowIds: { accepts: isNames, expected: 'a list of names, such as ["id", "sku"]' },
  serialize: FUNCTION,
  cause: FUNCTION,
  heartbeatMs: POSITIVE,
  retryMs: COUNT,
  maxLogEvents: COUNT,
  maxLogBytes: COUNT,
  maxPinnedBytes: COUNT,
  maxStallMs: POSITIVE,
  maxAgeMs: POSITIVE,
  maxConnections: COUNT,
  onError: FUNCTION,
};

/** The names of `StateStreamOptions`. */
export const STREAM_OPTIONS: readonly string[] = Object.keys(CHECKS);

/** @throws {StateStreamError} `invalid-option` */
export function settingsOf<S extends object>(
  options: StateStreamOptions<S>,
  sourceSnapshots: SnapshotMode | undefined,
): Settings<S> {
  for (const [name, { accepts, expected }] of Object.entries(CHECKS)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || accepts(value)) continue;
    throw invalidOption(`The option ${name} is ${describe(value)}; it must be ${expected}.`);
  }
  return {
    slices: Array.isArray(options.slices) ? [...options.slices] : options.slices,
    snapshots: options.snapshots ?? sourceSnapshots ?? "shared",
    compare: compareOf(options),
    serialize: options.serialize,
    cause: options.cause ?? typeAndId,
    // Neither JSON nor a `retry:` line has Infinity, and a longer delay than a timer accepts would fire at once.
    heartbeatMs: Math.min(options.heartbeatMs ?? 15_000, MAX_TIMER_MS),
    retryMs: Math.min(options.retryMs ?? 2000, MAX_TIMER_MS / 2),
    maxLogEvents: options.maxLogEvents ?? 1000,
    maxLogBytes: options.maxLogBytes ?? 8 * 1024 * 1024,
    maxPinnedBytes: options.maxPinnedBytes ?? 64 * 1024 * 1024,
    maxStallMs: options.maxStallMs ?? 30_000,
    maxAgeMs: options.maxAgeMs ?? Infinity,
    maxConnections: options.maxConnections ?? Infinity,
    onError: options.onError,
  };
}

function compareOf({ differ, rowIds, serialize }: StateStreamOptions<never>): Compare {
  // What `serialize` gives of a longer text may be another text, redacted as a whole.
  const appends = serialize === undefined;
  if (differ === undefined) return structuralCompare({ rowIds: [...(rowIds ?? ROW_IDS)], appends });
  if (rowIds === undefined) return compareWith(differ, appends);
  throw invalidOption(
    "The option rowIds is for the default differ; the option differ replaces that. Leave out one of them.",
  );
}

/**
 * Checks a number of things, or of milliseconds.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkAmount(name: string, value: unknown): void {
  if (COUNT.accepts(value)) return;
  throw invalidOption(`The option ${name} is ${describe(value)}; it must be ${COUNT.expected}.`);
}

export function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

/**
 * Milliseconds since 1970; `Infinity` for never.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function expiryOf(expiresAt: Date | number | undefined): number {
  const expires = expiresAt === undefined ? Infinity : Number(expiresAt);
  if (!Number.isNaN(expires)) return expires;
  throw invalidOption("The option expiresAt must be a Date or milliseconds since 1970.");
}

/**
 * A rate as `maxRateHz` gives it, rounded down to one that there is.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function rateOption(maxRateHz: number | undefined): number | undefined {
  const rate = rateOf(maxRateHz);
  if (maxRateHz === undefined || rate !== undefined) return rate;
  throw invalidOption(`The option maxRateHz is ${describe(maxRateHz)}; it must be a number from 0.5 to 1,000.`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list of something else";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function typeAndId({ type, id }: Cause): Cause {
  return id === undefined ? { type } : { type, id };
}

/**
 * The option `revoked` must be an AbortSignal: anything else would never revoke.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkRevoked(revoked: unknown): void {
  if (revoked === undefined) return;
  const { aborted, addEventListener } = (revoked ?? {}) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  throw invalidOption("The option revoked must be an AbortSignal: pass controller.signal.");
}
