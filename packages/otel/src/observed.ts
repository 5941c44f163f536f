import type { CloseReason, SnapshotReason, StateStreamStats } from "@statestream/core";

/** What is read of a stream's figures. The part of a backplane is there for streams that a backplane serves. */
export interface ObservedStats extends Pick<
  StateStreamStats,
  | "connections"
  | "events"
  | "replacements"
  | "bytesWritten"
  | "errors"
  | "logEvents"
  | "logBytes"
  | "logAgeMs"
  | "snapshots"
  | "closed"
> {
  readonly backplane?: {
    readonly role: string;
    readonly lag: number | undefined;
    readonly staleSince: number | undefined;
    readonly reads: number;
    readonly repairs: number;
    readonly resyncs: Readonly<Record<string, number>>;
  };
}

/** A stream to observe: any `StateStream`. */
export interface ObservedStream {
  stats(): ObservedStats;
}

// Every reason is reported from the start, as 0: a counter that appears only with its first increment hides that increment
// from `rate()`. Written as objects so that a reason that core adds fails the type check here.
const SNAPSHOT_REASONS = {
  connect: 0,
  trimmed: 0,
  epoch: 0,
  selection: 0,
  slow: 0,
  "invalid-id": 0,
  repaired: 0,
} satisfies Record<SnapshotReason, 0>;

const CLOSE_REASONS = {
  closed: 0,
  draining: 0,
  expired: 0,
  revoked: 0,
  "max-age": 0,
  overloaded: 0,
  unavailable: 0,
  disconnected: 0,
  stalled: 0,
} satisfies Record<CloseReason, 0>;

/** The figures that only ever grow. */
export interface Totals {
  events: number;
  replacements: number;
  bytesWritten: number;
  errors: number;
  reads: number;
  repairs: number;
  readonly snapshots: Record<string, number>;
  readonly closed: Record<string, number>;
  readonly resyncs: Record<string, number>;
}

export function noTotals(): Totals {
  return {
    events: 0,
    replacements: 0,
    bytesWritten: 0,
    errors: 0,
    reads: 0,
    repairs: 0,
    snapshots: { ...SNAPSHOT_REASONS },
    closed: { ...CLOSE_REASONS },
    resyncs: {},
  };
}

/** Adds to `totals` what `after` has more than `before`, two readings of one stream. */
export function addGrowth(totals: Totals, before: ObservedStats | undefined, after: ObservedStats): void {
  for (const name of ["events", "replacements", "bytesWritten", "errors"] as const) {
    totals[name] += growth(before?.[name], after[name]);
  }
  for (const name of ["reads", "repairs"] as const) {
    totals[name] += growth(before?.backplane?.[name], after.backplane?.[name]);
  }
  addEach(totals.snapshots, before?.snapshots, after.snapshots);
  addEach(totals.closed, before?.closed, after.closed);
  addEach(totals.resyncs, before?.backplane?.resyncs, after.backplane?.resyncs);
}

function addEach(
  totals: Record<string, number>,
  before: Readonly<Record<string, number | undefined>> = {},
  after: Readonly<Record<string, number | undefined>> = {},
): void {
  for (const [reason, count] of Object.entries(after)) {
    totals[reason] = (totals[reason] ?? 0) + growth(before[reason], count);
  }
}

/** A figure that became smaller began anew: a backplane forgets a stream nobody follows, and counts from 0 when it is back. */
function growth(before = 0, after = 0): number {
  return after < before ? after : after - before;
}
