import { MAX_TIMER_MS } from "../support/clock.ts";
import { type Compare, compareWith, type Differ } from "../diff/differ.ts";
import { StateStreamError } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import type { Serialize } from "./logged-state.ts";
import type { SnapshotMode } from "./source.ts";
import { structuralCompare } from "../diff/structural-differ.ts";

/** Options of every stream. Invalid ones throw `invalid-option` at once. */
export interface StateStreamOptions<S extends object> {
  /**
   * The slices clients may see: top-level keys of the state, or a function of the state that is asked again on every
   * change. A slice that becomes visible arrives as a value, one that stops being visible as removed. If the function
   * throws, the change is withheld from everybody. Default: every slice, those to come included.
   */
  slices?: readonly string[] | ((state: S) => readonly string[]);
  /**
   * How previous states are held: `shared` by reference, `copy` where the state is changed in place. A store that
   * notifies without naming a slice and mutates in place looks like one where nothing happened: it needs `copy`.
   * Default: what the source says; own state and stores `shared`, event buses `copy`.
   */
  snapshots?: SnapshotMode;
  /**
   * Finds the operations between two values of a slice; `fastJsonPatch` is that package's. What it throws is reported as
   * `differ-failed`, and the value is sent. Default: our own, which follows rows by `rowIds`.
   */
  differ?: Differ;
  /**
   * Members that identify the rows of an array, in the order in which they are tried: rows are followed by the first that
   * every row has, each with another string or number. An empty list follows none. Has no effect with `differ`. Default:
   * `["id", "_id", "key", "uuid", "name"]`.
   */
  rowIds?: readonly string[];
  /**
   * Turns a slice's value into JSON text, to redact or to carry what JSON cannot. What clients see is what parsing that
   * gives. Default: JSON.
   */
  serialize?: Serialize;
  /**
   * What clients are told of a cause, for each slice it changed; `undefined` tells nothing. Default: its `type` and
   * `id`, never its payload. `(cause) => cause` tells all.
   */
  cause?: (cause: Cause, change: { readonly slice: string }) => Cause | undefined;
  /** Milliseconds between heartbeats; clients take two and a half without a byte for a dead line. Default 15,000. */
  heartbeatMs?: number;
  /** Milliseconds a client waits before it reconnects: each is told a time between this and twice this. Default 2,000. */
  retryMs?: number;
  /** How many events the log keeps for clients that come back or lag. Beyond, they get a snapshot. Default 1,000. */
  maxLogEvents?: number;
  /**
   * How many bytes of events the log keeps; and how many bytes connections that cannot pass them on may hold together,
   * beyond which the slowest are closed. Default 8 MiB.
   */
  maxLogBytes?: number;
  /** Milliseconds after which a connection that took no byte is destroyed. Default 30,000. */
  maxStallMs?: number;
  /**
   * Milliseconds after which a connection is ended with `max-age`, so that clients spread over servers anew; drawn for
   * each between four fifths of this and this. Default: never.
   */
  maxAgeMs?: number;
  /** How many connections there may be; one more is told `overloaded`. Default: any number. */
  maxConnections?: number;
  /**
   * Told of what the stream survived: each `StateStreamError` has a `code`, its `slice` and `cause`. Without it, `set`,
   * `patch`, `remove` and `batch` throw, and a failing source becomes one process warning.
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
  /** What `differ` and `rowIds` come to. */
  readonly compare: Compare;
};

const ROW_IDS = ["id", "_id", "key", "uuid", "name"];

const POSITIVE = ["heartbeatMs", "maxStallMs", "maxAgeMs"] as const;
const COUNTS = ["retryMs", "maxLogEvents", "maxLogBytes", "maxConnections"] as const;
const FUNCTIONS = ["differ", "serialize", "cause", "onError"] as const;

/** @throws {StateStreamError} `invalid-option` */
export function settingsOf<S extends object>(
  options: StateStreamOptions<S>,
  sourceSnapshots: SnapshotMode | undefined,
): Settings<S> {
  for (const name of POSITIVE) check(name, options[name], (value) => typeof value === "number" && value > 0, "above 0");
  for (const name of COUNTS)
    check(name, options[name], (value) => typeof value === "number" && value >= 0, "0 or more");
  for (const name of FUNCTIONS) check(name, options[name], (value) => typeof value === "function", "a function");
  check("rowIds", options.rowIds, isNames, 'a list of names, such as ["id", "sku"]');
  check("snapshots", options.snapshots, (value) => value === "shared" || value === "copy", '"shared" or "copy"');
  check(
    "slices",
    options.slices,
    (value) => typeof value === "function" || isNames(value),
    "a list of names or a function",
  );
  return {
    slices: Array.isArray(options.slices) ? [...options.slices] : options.slices,
    snapshots: options.snapshots ?? sourceSnapshots ?? "shared",
    compare:
      options.differ === undefined
        ? structuralCompare({ rowIds: [...(options.rowIds ?? ROW_IDS)] })
        : compareWith(options.differ),
    serialize: options.serialize,
    cause: options.cause ?? typeAndId,
    // Neither JSON nor a `retry:` line has Infinity, and timers no longer delay.
    heartbeatMs: Math.min(options.heartbeatMs ?? 15_000, MAX_TIMER_MS),
    retryMs: Math.min(options.retryMs ?? 2000, MAX_TIMER_MS / 2),
    maxLogEvents: options.maxLogEvents ?? 1000,
    maxLogBytes: options.maxLogBytes ?? 8 * 1024 * 1024,
    maxStallMs: options.maxStallMs ?? 30_000,
    maxAgeMs: options.maxAgeMs ?? Infinity,
    maxConnections: options.maxConnections ?? Infinity,
    onError: options.onError,
  };
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
  throw new StateStreamError("invalid-option", "The option expiresAt must be a Date or milliseconds since 1970.");
}

function check(name: string, value: unknown, accepts: (value: unknown) => boolean, expected: string): void {
  if (value === undefined || accepts(value)) return;
  throw new StateStreamError("invalid-option", `The option ${name} is ${describe(value)}; it must be ${expected}.`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list of something else";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function typeAndId({ type, id }: Cause): Cause {
  return id === undefined ? { type } : { type, id };
}
