import type { Clock } from "../support/clock.ts";
import type { CloseReason, Ending } from "./connection.ts";
import type { ConnectionHost, StateConnection } from "./state-connection.ts";
import { endChannel, flushChannel, resyncChannel } from "../support/diagnostics.ts";
import type { StateStreamError } from "../support/errors.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import type { Log } from "../log/log.ts";
import { type Chunk, Selection, type SelectionContext, type SliceTexts } from "./selection.ts";

/** Connections of one selection. */
interface Group {
  readonly key: string;
  readonly selection: Selection;
  readonly members: Set<StateConnection>;
}

/** How often every connection's clock is looked at, at most: each look is at all of them. */
const MIN_TICK_MS = 50;

/** How long `close` waits for clients to take their last events, in milliseconds. */
const CLOSE_GRACE_MS = 500;

/** The options of a stream that its connections live by; `StateStreamOptions` documents them. */
export interface HubSettings {
  readonly heartbeatMs: number;
  readonly retryMs: number;
  readonly maxStallMs: number;
  readonly maxLogBytes: number;
  readonly maxConnections: number;
}

/** The open connections: wakes them once per tick, keeps time for all of them with one timer, and lets the slowest go. */
export class Hub implements ConnectionHost, SelectionContext {
  readonly log: Log;
  readonly slices: SliceTexts;
  readonly heartbeatMs: number;
  readonly report: (error: StateStreamError) => void;
  /** Counted since the start, for `stats`. */
  readonly counted: {
    bytesWritten: number;
    snapshots: Partial<Record<SnapshotReason, number>>;
    closed: Partial<Record<CloseReason, number>>;
  } = { bytesWritten: 0, snapshots: {}, closed: {} };
  readonly #settings: HubSettings;
  readonly #clock: Clock;
  readonly #connections = new Map<StateConnection, Group>();
  readonly #groups = new Map<string, Group>();
  readonly #groupsOf = new Map<string, Set<Group>>();
  /** Groups with news, and single connections with something to say, for the next flush. */
  readonly #due = new Set<Group>();
  readonly #dueAlone = new Set<StateConnection>();
  #flushing = false;
  /** While connections are told: one look at the clock does for all of them. */
  #flushedAt: number | undefined;
  /** Chunks that blocked connections hold, each with how many do. */
  readonly #pins = new Map<Chunk, number>();
  #pinnedBytes = 0;
  /** When the next heartbeat is due, and what the timer waits for: milliseconds elapsed. */
  #nextBeat = 0;
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined;
  #emptied: (() => void) | undefined;
  #stale = false;

  constructor(
    settings: HubSettings,
    parts: { log: Log; slices: SliceTexts; clock: Clock },
    report: (error: StateStreamError) => void,
  ) {
    this.#settings = settings;
    this.#clock = parts.clock;
    this.log = parts.log;
    this.slices = parts.slices;
    this.heartbeatMs = settings.heartbeatMs;
    this.report = report;
  }

  /** Whether the server has lost touch with where the state comes from. Connections are told at once. */
  get stale(): boolean {
    return this.#stale;
  }

  set stale(stale: boolean) {
    if (stale === this.#stale) return;
    this.#stale = stale;
    this.#beat();
  }

  get head(): number {
    return this.log.head;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** The open connections now: a copy, so that a loop may close them, and connect others. */
  get connections(): StateConnection[] {
    return [...this.#connections.keys()];
  }

  get full(): boolean {
    return this.size >= this.#settings.maxConnections;
  }

  now(): number {
    return this.#clock.now();
  }

  elapsed(): number {
    return this.#flushedAt ?? this.#clock.elapsed();
  }

  retryMs(): number {
    return Math.floor(this.#settings.retryMs * (1 + this.#clock.random()));
  }

  /** The selection of these names, which must be sorted and without repetition; shared with whoever has the same. */
  selection(names: readonly string[] | undefined): Selection {
    return this.#groups.get(keyOf(names))?.selection ?? new Selection(names, this);
  }

  /** Counts a connection in, from now on woken and timed. */
  add(connection: StateConnection, names: readonly string[] | undefined): void {
    const key = keyOf(names);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, selection: connection.selection, members: new Set() };
      this.#groups.set(key, group);
      for (const name of names ?? []) this.#groupsOf.set(name, (this.#groupsOf.get(name) ?? new Set()).add(group));
    }
    group.members.add(connection);
    this.#connections.set(connection, group);
    if (this.size === 1) this.#nextBeat = this.elapsed() + this.heartbeatMs;
    this.#arm(this.#nextBeat);
    this.#arm(this.elapsed() + connection.check(this.#settings.maxStallMs));
  }

  /** A commit was appended at `position`. */
  published(events: readonly { readonly slice: string; readonly hidden: boolean }[], position: number): void {
    const all = this.#groups.get(keyOf(undefined));
    for (const [index, { slice, hidden }] of events.entries()) {
      const seq = position + index + 1;
      if (all !== undefined) this.#advance(all, seq, position, hidden);
      for (const group of this.#groupsOf.get(slice) ?? []) this.#advance(group, seq, position, hidden);
    }
  }

  /** The log has begun anew: whatever connections were told of it before does not count. `gone`: slices that went with it. */
  restarted(reason: SnapshotReason, gone: readonly string[]): void {
    for (const { selection, members } of this.#groups.values()) {
      selection.restart();
      const withdrawn = gone.some((slice) => selection.names?.has(slice) ?? true);
      for (const connection of members) {
        // They may have been hidden, and nobody says so any more.
        if (withdrawn) connection.withdraw();
        connection.restart(reason);
      }
    }
  }

  schedule(connection: StateConnection): void {
    this.#dueAlone.add(connection);
    this.#flushSoon();
  }

  handed(connection: StateConnection, bytes: number): void {
    this.counted.bytesWritten += bytes;
    // Where heartbeats are rare, nothing else would look at the clock in time. Whoever is not let in is not timed.
    if (this.size > 0) this.#arm(connection.idleSince + this.#settings.maxStallMs);
  }

  snapshotSent(connection: StateConnection, reason: SnapshotReason): void {
    this.counted.snapshots[reason] = (this.counted.snapshots[reason] ?? 0) + 1;
    if (resyncChannel.hasSubscribers && reason !== "connect") resyncChannel.publish({ connection, reason });
  }

  pin(connection: StateConnection, chunk: Chunk): void {
    const pins = this.#pins.get(chunk) ?? 0;
    this.#pins.set(chunk, pins + 1);
    if (pins === 0) this.#pinnedBytes += chunk.bytes.length;
    this.#arm(connection.idleSince + this.#settings.maxStallMs);
    if (this.#holdsTooMuch) this.#flushSoon();
  }

  unpin(chunk: Chunk): void {
    const pins = (this.#pins.get(chunk) as number) - 1;
    if (pins > 0) {
      this.#pins.set(chunk, pins);
      return;
    }
    this.#pins.delete(chunk);
    this.#pinnedBytes -= chunk.bytes.length;
  }

  closed(connection: StateConnection, reason: CloseReason): void {
    this.counted.closed[reason] = (this.counted.closed[reason] ?? 0) + 1;
    if (endChannel.hasSubscribers) endChannel.publish({ connection, reason });
    const group = this.#connections.get(connection);
    if (group === undefined) return;
    this.#connections.delete(connection);
    group.members.delete(connection);
    if (group.members.size === 0) this.#disband(group);
    if (this.size > 0) return;
    this.#cancelTimer?.();
    this.#timerAt = Infinity;
    this.#emptied?.();
  }

  /** Ends every connection; resolves when all are closed, which is soon: whoever has not taken its end by then is cut off. */
  async endAll(ending: Ending): Promise<void> {
    for (const connection of this.#connections.keys()) connection.finish(ending);
    if (this.size === 0) return;
    const cancel = this.#clock.after(
      CLOSE_GRACE_MS,
      () => {
        for (const connection of this.#connections.keys()) connection.destroy(ending.reason);
      },
      true,
    );
    await new Promise<void>((resolve) => (this.#emptied = resolve));
    cancel();
  }

  #advance(group: Group, seq: number, position: number, hidden: boolean): void {
    group.selection.advance(seq, position);
    this.#due.add(group);
    this.#flushSoon();
    if (!hidden) return;
    group.selection.forget();
    for (const connection of group.members) connection.withdraw();
  }

  #disband(group: Group): void {
    this.#groups.delete(group.key);
    this.#due.delete(group);
    for (const name of group.selection.names ?? []) {
      const groups = this.#groupsOf.get(name);
      groups?.delete(group);
      if (groups?.size === 0) this.#groupsOf.delete(name);
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#clock.defer(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const groups = [...this.#due];
    const alone = [...this.#dueAlone];
    this.#due.clear();
    this.#dueAlone.clear();
    const startedAt = this.#clock.elapsed();
    this.#flushedAt = startedAt;
    for (const group of groups) {
      group.selection.flushed();
      // Those that a listener opens now have their own turn.
      let left = group.members.size;
      for (const connection of group.members) if (left-- > 0) connection.wake();
    }
    for (const connection of alone) connection.wake();
    this.#flushedAt = undefined;
    this.#relieve();
    if (flushChannel.hasSubscribers) flushChannel.publish({ durationMs: this.elapsed() - startedAt });
  }

  /** Sets the one timer, if this is earlier than what it waits for. */
  #arm(at: number): void {
    if (at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.elapsed()), () => this.#tick());
  }

  #tick(): void {
    const elapsed = this.elapsed();
    this.#timerAt = Infinity;
    if (elapsed >= this.#nextBeat) {
      this.#nextBeat = elapsed + this.heartbeatMs;
      this.#beat();
      for (const { selection } of this.#groups.values()) selection.forgetUnused();
      // Everybody has been told of the newest commit too.
      if (!this.#flushing) this.log.trim(Infinity);
      this.#relieve();
    }
    let next = this.#nextBeat - elapsed;
    for (const connection of this.#connections.keys()) {
      next = Math.min(next, connection.check(this.#settings.maxStallMs));
    }
    if (this.size > 0) this.#arm(elapsed + Math.max(next, MIN_TICK_MS));
  }

  #beat(): void {
    const now = this.now();
    for (const connection of this.#connections.keys()) connection.beat(now);
  }

  get #holdsTooMuch(): boolean {
    return this.#pinnedBytes > this.#settings.maxLogBytes && this.#pins.size > 1;
  }

  /** Closes the slowest connections while they hold too much. What the last of them holds is never too much. */
  #relieve(): void {
    if (!this.#holdsTooMuch) return;
    const slowest = [...this.#connections.keys()].filter(({ pinned }) => pinned);
    slowest.sort((a, b) => a.idleSince - b.idleSince);
    for (const connection of slowest) {
      if (!this.#holdsTooMuch) return;
      connection.destroy("overloaded");
    }
  }
}

function keyOf(names: readonly string[] | undefined): string {
  return names === undefined ? "" : JSON.stringify(names);
}
