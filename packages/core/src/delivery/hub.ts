import type { Clock } from "../support/clock.ts";
import { endChannel, flushChannel, resyncChannel } from "../support/diagnostics.ts";
import type { StateStreamError } from "../support/errors.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import type { Log } from "../log/log.ts";
import type { Audience, AudienceContext } from "./audience.ts";
import { ByteBudget, type Holder } from "./byte-budget.ts";
import type { Chunk } from "./chunk.ts";
import type { CloseReason, Ending } from "./connection.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { Generations, type SliceValues } from "./generation.ts";
import { type HeadState, NetEvents } from "./net-events.ts";
import { Notifier, type Published } from "./notifier.ts";
import { RangeCache } from "./range-cache.ts";
import type { StateConnection } from "./state-connection.ts";
import type { Terms } from "./terms.ts";

/** Deadlines of connections are checked at most this often, in milliseconds: each check is of every connection. */
const MIN_CHECK_MS = 50;

/** The interval, in milliseconds, of the check whether idle connections hold memory that others wait for. */
const RELIEF_MS = 1000;

/** How long `close` waits for clients to take their last events, in milliseconds. */
const CLOSE_GRACE_MS = 500;

/** The options of a stream that concern its connections; `StateStreamOptions` documents them. */
export interface HubSettings {
  readonly heartbeatMs: number;
  readonly retryMs: number;
  readonly maxStallMs: number;
  readonly maxPinnedBytes: number;
}

/** The parts of a stream that its hub uses. */
export interface HubParts {
  readonly log: Log;
  readonly slices: SliceValues & HeadState;
  readonly clock: Clock;
  /** Called before a connection reads, so that the log contains every change of what clients may see. */
  readonly catchUp?: () => void;
  /** A budget shared by several streams. Default: one of its own. */
  readonly budget?: ByteBudget;
}

/** The open connections of a stream: checks all their deadlines with one timer, and bounds what they hold together. */
export class Hub implements ConnectionHost, AudienceContext {
  readonly log: Log;
  readonly generations: Generations;
  readonly ranges: RangeCache = new RangeCache();
  readonly netEvents: NetEvents;
  readonly heartbeatMs: number;
  readonly maxStallMs: number;
  readonly budget: ByteBudget;
  readonly report: (error: StateStreamError) => void;
  readonly catchUp: () => void;
  /** Counters for `stats`. */
  readonly counted: {
    bytesWritten: number;
    snapshots: Partial<Record<SnapshotReason, number>>;
    closed: Partial<Record<CloseReason, number>>;
  } = { bytesWritten: 0, snapshots: {}, closed: {} };
  readonly #settings: HubSettings;
  readonly #clock: Clock;
  readonly #timer: DeadlineTimer;
  readonly #connections = new Set<StateConnection>();
  readonly #notifier: Notifier;
  /** When the next heartbeat is due: milliseconds elapsed. */
  #nextBeat = 0;
  #emptied: (() => void) | undefined;
  #stale = false;

  constructor(settings: HubSettings, parts: HubParts, report: (error: StateStreamError) => void) {
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#timer = new DeadlineTimer(parts.clock, () => this.#tick());
    this.log = parts.log;
    this.generations = new Generations(parts.log, parts.slices);
    this.netEvents = new NetEvents(parts.slices);
    this.heartbeatMs = settings.heartbeatMs;
    this.maxStallMs = settings.maxStallMs;
    this.budget = parts.budget ?? new ByteBudget(settings.maxPinnedBytes, () => this.elapsed());
    this.report = report;
    this.catchUp = parts.catchUp ?? (() => undefined);
    this.#notifier = new Notifier(parts.clock, this, (durationMs) => this.#flushed(durationMs));
  }

  /** Whether the server has lost contact with the origin of the state. Connections send a heartbeat at once when it changes. */
  get stale(): boolean {
    return this.#stale;
  }

  set stale(stale: boolean) {
    if (stale === this.#stale) return;
    this.#stale = stale;
    this.#beat();
  }

  get size(): number {
    return this.#connections.size;
  }

  /** A copy of the open connections, so that a loop may close them and connect others. */
  get connections(): StateConnection[] {
    return [...this.#connections];
  }

  now(): number {
    return this.#clock.now();
  }

  elapsed(): number {
    return this.#notifier.elapsed;
  }

  retryMs(): number {
    return Math.floor(this.#settings.retryMs * (1 + this.#clock.random()));
  }

  audience(terms: Terms): Audience {
    return this.#notifier.audience(terms);
  }

  /** Adds a connection: from now on it is notified, and its deadlines are checked. */
  add(connection: StateConnection): void {
    this.#notifier.add(connection);
    this.#connections.add(connection);
    if (this.size === 1) this.#nextBeat = this.elapsed() + this.heartbeatMs;
    this.#arm(this.#nextBeat);
    this.#arm(this.elapsed() + connection.check());
  }

  /** These events were appended to the log, after `position`. */
  published(events: readonly Published[], position: number): void {
    this.#notifier.published(events, position);
  }

  /** The log was replaced: every connection needs a snapshot. `gone`: slices that are not in the new one. */
  restarted(reason: SnapshotReason, gone: readonly string[]): void {
    this.generations.drop();
    this.netEvents.clear();
    this.#notifier.restarted(reason, gone);
  }

  /** Notifies connections now instead of in a later turn. Must not be called inside a change. */
  flush(): void {
    this.#notifier.flush();
  }

  schedule(connection: StateConnection): void {
    this.#notifier.schedule(connection);
  }

  handed(holder: Holder, bytes: number): void {
    this.counted.bytesWritten += bytes;
    // Where heartbeats are rare, nothing else would check in time. The deadlines of a refused connection are not checked.
    if (this.size > 0) this.#arm(holder.idleSince + this.maxStallMs);
  }

  snapshotSent(connection: StateConnection, reason: SnapshotReason): void {
    this.counted.snapshots[reason] = (this.counted.snapshots[reason] ?? 0) + 1;
    if (resyncChannel.hasSubscribers && reason !== "connect") resyncChannel.publish({ connection, reason });
  }

  pin(holder: Holder, chunk: Chunk): void {
    this.budget.pin(holder, chunk);
    this.#arm(holder.idleSince + this.maxStallMs);
    if (this.budget.isShort) this.#notifier.schedule();
  }

  unpin(holder: Holder, chunk: Chunk): void {
    this.budget.unpin(holder, chunk);
  }

  /** Whether there is room for this chunk; if not, the connection's `retry` is called when there may be. */
  admit(connection: StateConnection, chunk: Chunk): boolean {
    const admitted = this.budget.admit(connection, chunk);
    if (!admitted) {
      this.#arm(this.elapsed() + connection.check());
      this.#notifier.schedule();
    }
    return admitted;
  }

  closed(connection: StateConnection, reason: CloseReason): void {
    this.counted.closed[reason] = (this.counted.closed[reason] ?? 0) + 1;
    if (endChannel.hasSubscribers) endChannel.publish({ connection, reason });
    this.budget.leave(connection);
    if (!this.#connections.delete(connection)) return;
    this.#notifier.delete(connection);
    if (this.size > 0) return;
    this.#timer.stop();
    this.#emptied?.();
  }

  /** Ends every connection; resolves when all are closed. Those that have not taken their end within the grace are cut off. */
  async endAll(ending: Ending): Promise<void> {
    for (const connection of this.#connections) connection.finish(ending);
    if (this.size === 0) return;
    const cancel = this.#clock.after(
      CLOSE_GRACE_MS,
      () => {
        for (const connection of this.#connections) connection.destroy(ending.reason);
      },
      true,
    );
    await new Promise<void>((resolve) => (this.#emptied = resolve));
    cancel();
  }

  #flushed(durationMs: number): void {
    if (flushChannel.hasSubscribers) flushChannel.publish({ durationMs });
    this.#relieve();
  }

  #relieve(): void {
    this.budget.relieve();
    if (this.size > 0 && this.budget.isShort) this.#arm(this.elapsed() + RELIEF_MS);
  }

  #arm(at: number): void {
    this.#timer.arm(at, this.elapsed());
  }

  #tick(): void {
    const elapsed = this.elapsed();
    if (elapsed >= this.#nextBeat) {
      this.#nextBeat = elapsed + this.heartbeatMs;
      this.#beat();
      this.ranges.clearAll();
      this.netEvents.clear();
      this.generations.dropUnused();
      // The connections have been notified of the newest commit too, so the log need not keep it beyond its bounds.
      if (!this.#notifier.isScheduled) this.log.trim(Infinity);
    }
    this.#relieve();
    let next = Infinity;
    for (const connection of this.#connections) next = Math.min(next, connection.check());
    if (this.size > 0) this.#arm(Math.min(this.#nextBeat, elapsed + Math.max(next, MIN_CHECK_MS)));
  }

  #beat(): void {
    const now = this.now();
    for (const connection of this.#connections) connection.beat(now);
  }
}
