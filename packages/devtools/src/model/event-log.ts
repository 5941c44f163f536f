import type { StateEvent } from "@statestream/core";

/** An event as it arrived. */
export interface LogEntry {
  /** Counts up. */
  readonly key: number;
  readonly event: StateEvent;
  readonly id: string | undefined;
  /** Of its data. */
  readonly size: number;
  /** Whether it was too large to be kept with what it carried. */
  readonly isHollow: boolean;
  /** The state after it. Those of the last events only: states share what did not change, but not all do. */
  readonly state: object | undefined;
}

/** Events of one kind in a row. */
export interface LogRow {
  /** Of the oldest event, so that it stays the same while the row grows. */
  readonly first: number;
  readonly newest: LogEntry;
  readonly count: number;
  readonly size: number;
}

export type Shown = "everything" | "heartbeats" | (string & {});

const MAX_ENTRIES = 1000;
const MAX_SIZE = 50_000;
/** How far back one can step through states, and through how many bytes of changes. */
const MAX_STATES = 200;
const MAX_STATE_BYTES = 4_000_000;

export interface EventLog {
  /** Oldest first; the same array while nothing is added. */
  entries(): readonly LogEntry[];
  readonly total: number;
  add(event: StateEvent, id: string | undefined, size: number, state?: object): void;
}

export function createEventLog(): EventLog {
  let kept: LogEntry[] = [];
  let shown: readonly LogEntry[] | undefined;
  let total = 0;
  /** The first entry that has its state, and the bytes from there on. */
  let oldestState = 0;
  let stateBytes = 0;
  return {
    get total() {
      return total;
    },
    entries: () => (shown ??= [...kept]),
    add(event, id, size, state) {
      const isHollow = size > MAX_SIZE;
      kept.push({ key: total++, event: isHollow ? hollow(event) : event, id, size, isHollow, state });
      stateBytes += size;
      while (
        oldestState < kept.length - 1 &&
        (kept.length - oldestState > MAX_STATES || stateBytes > MAX_STATE_BYTES)
      ) {
        const entry = kept[oldestState] as LogEntry;
        kept[oldestState++] = { ...entry, state: undefined };
        stateBytes -= entry.size;
      }
      // Not one by one: that would move all others each time.
      if (kept.length > MAX_ENTRIES * 1.2) {
        oldestState -= kept.length - MAX_ENTRIES;
        kept = kept.slice(-MAX_ENTRIES);
      }
      shown = undefined;
    },
  };
}

function hollow(event: StateEvent): StateEvent {
  if (event.type === "state.initial") return { ...event, slices: {} };
  if (event.type !== "state.update") return event;
  const { value: _value, patches: _patches, ...rest } = event;
  return rest;
}

/** The slice of an event that has one. */
export function sliceOf(event: StateEvent): string | undefined {
  return event.type === "state.update" ? event.slice : undefined;
}

/** The rows to show, newest first; `grouped`: one row for neighbours with the same slice and cause. */
export function rowsOf(entries: readonly LogEntry[], shown: Shown, grouped: boolean, max: number): readonly LogRow[] {
  const rows: LogRow[] = [];
  let kind: string | undefined;
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index] as LogEntry;
    if (!isShown(entry.event, shown)) continue;
    const ownKind = grouped ? kindOf(entry.event) : undefined;
    const row = rows.at(-1);
    if (row !== undefined && ownKind !== undefined && ownKind === kind) {
      rows[rows.length - 1] = { ...row, first: entry.key, count: row.count + 1, size: row.size + entry.size };
      continue;
    }
    if (rows.length === max) break;
    rows.push({ first: entry.key, newest: entry, count: 1, size: entry.size });
    kind = ownKind;
  }
  return rows;
}

function isShown(event: StateEvent, shown: Shown): boolean {
  if (shown === "everything") return true;
  if (shown === "heartbeats") return event.type === "heartbeat";
  // Snapshots and ends are about every slice.
  return event.type === "heartbeat" ? false : (sliceOf(event) ?? shown) === shown;
}

/** Only changes come so often that they are grouped. */
function kindOf(event: StateEvent): string | undefined {
  return event.type === "state.update" ? `${event.slice} ${event.cause?.type}` : undefined;
}
