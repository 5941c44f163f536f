import type { SnapshotReason } from "../protocol/events.ts";
import { formatEventId, formatOpenId, selectionSuffix } from "../protocol/event-id.ts";
import { encode, heartbeatFrame, snapshotSegments, snapshotTail, updateTail } from "../protocol/frame.ts";
import type { Log } from "../log/log.ts";
import type { Names } from "../log/slice-tracks.ts";
import { Chunk } from "./chunk.ts";
import type { Generations, SnapshotOf } from "./generation.ts";
import type { NetEvents } from "./net-events.ts";
import type { RangeCache } from "./range-cache.ts";
import { type RangePlan, RangePlanner } from "./range-plan.ts";
import type { StateConnection } from "./state-connection.ts";
import { selectionKey, type Terms, termsKey } from "./terms.ts";

/** The parts of a stream that its audiences use. */
export interface AudienceContext {
  readonly log: Log;
  readonly generations: Generations;
  readonly ranges: RangeCache;
  readonly netEvents: NetEvents;
  readonly heartbeatMs: number;
  readonly stale: boolean;
  now(): number;
}

/** A range of at most so many bytes is sent even if a snapshot would be smaller. */
const CHEAP_RANGE_BYTES = 64 * 1024;

/** A client that reconnects gets net events only for a range of at most so many bytes, since composing events takes time. */
const MAX_COMPOSED_BYTES = 1024 * 1024;

/** The connections with the same terms. The bytes for them are made once, here. */
export class Audience {
  /** Equal for equal terms. */
  readonly key: string;
  readonly names: Names;
  /** The selection's part of event IDs. */
  readonly suffix: string;
  readonly connections: Set<StateConnection> = new Set<StateConnection>();
  /** The seq of the last event selected. */
  head: number;
  readonly rateHz: number | undefined;
  readonly bookmarks: boolean;
  /** When it was flushed last: milliseconds elapsed. */
  flushedAt: number = -Infinity;
  /** The head at the last flush. */
  #released: number;
  /** Connections at any position in [head, until] have seen the same selected events, so they share one range. */
  #settled: { readonly head: number; readonly until: number };
  #flushed = true;
  readonly #context: AudienceContext;
  readonly #planner: RangePlanner;
  /** Equal for equal selections, regardless of the other terms. */
  readonly #selectionKey: string;
  /** The granted operations, as the member `ops` of snapshots. */
  readonly #granted: { readonly ops?: readonly ["append"] };
  #heartbeat: { key: string; chunk: Chunk } | undefined;

  constructor(terms: Terms, context: AudienceContext) {
    const { names, append } = terms;
    this.key = termsKey(terms);
    this.names = names && new Set(names);
    this.rateHz = terms.rateHz;
    this.bookmarks = terms.bookmarks;
    this.suffix = selectionSuffix(names);
    this.#context = context;
    this.#planner = new RangePlanner(context.log, context.netEvents, terms);
    this.#selectionKey = selectionKey(terms);
    this.#granted = append === undefined ? {} : { ops: ["append"] };
    this.head = context.log.last(this.names);
    this.#released = this.head;
    this.#settled = { head: this.head, until: Infinity };
  }

  /** The seq of the last event selected that connections are sent before the next flush. */
  get released(): number {
    return this.rateHz === undefined ? this.head : this.#released;
  }

  /** Whether this position still has an event ID: the epochs of very old ones are forgotten. */
  knows(seq: number): boolean {
    return this.#context.log.epochAt(seq) !== "";
  }

  id(seq: number): string {
    return formatEventId(this.#context.log.epochAt(seq), seq, this.suffix);
  }

  /** A selected event was appended, with a commit that follows `position`. */
  advance(seq: number, position: number): void {
    if (this.#flushed) this.#settled = { head: this.head, until: position };
    this.#flushed = false;
    this.head = seq;
    this.#context.ranges.clear(this);
  }

  /** The connections have been notified of every event so far. */
  flushed(elapsed: number): void {
    this.#flushed = true;
    this.#released = this.head;
    this.flushedAt = elapsed;
  }

  /** The selected events after `position`; `undefined` if the log does not hold them, or they cost too much. */
  range(position: number, atAnyCost: boolean): Chunk | undefined {
    const { log, ranges } = this.#context;
    const { head, until } = this.#settled;
    const shared = position >= head && position <= until && log.holds(head, this.names);
    const from = shared ? head : position;
    const known = ranges.get(this, from);
    if (known !== undefined && (atAnyCost || known.length <= CHEAP_RANGE_BYTES)) return known;
    if (!this.replays(from, atAnyCost)) return undefined;
    if (known !== undefined) return known;
    const plan = this.#planner.plan(from);
    if (plan === undefined) return undefined;
    const chunk = this.#chunkOf(plan, from);
    ranges.add(this, from, chunk);
    return chunk;
  }

  /** Whether the events after `position` can be replayed and do not cost too much. */
  replays(position: number, atAnyCost: boolean): boolean {
    const { log } = this.#context;
    if (!log.holds(position, this.names)) return false;
    if (atAnyCost) return true;
    const cost = this.#cost(position);
    return cost <= CHEAP_RANGE_BYTES || cost <= this.#snapshot().snapshot.bytes;
  }

  /** A snapshot of the state at the head or at a recent position, with that position. */
  snapshot(reason: SnapshotReason): { readonly chunk: Chunk; readonly position: number } {
    const { generations, heartbeatMs } = this.#context;
    const made = this.#snapshot();
    const { position } = made.generation;
    const { ops } = this.#granted;
    const key = ops === undefined ? reason : `${reason} ${ops.join()}`;
    let chunk = made.snapshot.chunks.get(key);
    if (chunk === undefined) {
      const ended = this.#ended(-1, position);
      const data = { reason, seq: position, heartbeatMs, ...this.#granted, ...ended, timestamp: this.#context.now() };
      chunk = new Chunk(snapshotSegments(made.snapshot.members, snapshotTail(data, this.id(position))));
      generations.keep(made, key, chunk);
    }
    return { chunk, position };
  }

  /** A slice was hidden: nothing that was made before may be sent again. */
  forget(): void {
    this.#context.ranges.clear(this);
  }

  /** The log was replaced. */
  restart(): void {
    this.forget();
    this.#heartbeat = undefined;
    this.head = this.#context.log.last(this.names);
    this.#released = this.head;
    this.#settled = { head: this.head, until: Infinity };
    // Events that were not flushed yet were dropped with the old log.
    this.#flushed = true;
  }

  /** `named`: every position up to this one was in an ID that the client was sent. */
  heartbeat(position: number, timestamp: number, named: number = position): Chunk {
    const { heartbeatMs, stale } = this.#context;
    const { ended } = this.#ended(named, position);
    const key = `${position} ${this.released} ${timestamp} ${stale} ${ended?.join()}`;
    if (this.#heartbeat?.key !== key) {
      const base = { seq: position, head: this.released, heartbeatMs, ...(ended && { ended }), timestamp };
      const data = stale ? { ...base, stale } : base;
      this.#heartbeat = { key, chunk: new Chunk([heartbeatFrame(data, this.id(position))]) };
    }
    return this.#heartbeat.chunk;
  }

  #snapshot(): SnapshotOf {
    return this.#context.generations.snapshot(this.names, this.#selectionKey, (position) => this.#cost(position));
  }

  /** The cost of the range after `position` in bytes; `Infinity` if computing it would cost too much. */
  #cost(position: number): number {
    const cost = this.#context.log.cost(position, this.names);
    if (this.#planner.isPlain(position)) return cost;
    if (cost > MAX_COMPOSED_BYTES) return Infinity;
    return this.#planner.plan(position)?.events.reduce((sum, { body }) => sum + body.length, 0) ?? Infinity;
  }

  /** The events after `from`. Clients at a later position are sent the ends of epochs that they know once more. */
  #chunkOf({ events, isNet }: RangePlan, from: number): Chunk {
    const segments: Uint8Array[] = [];
    for (const [index, { seq, commit, timestamp, body }] of events.entries()) {
      const next = events[index + 1];
      const more = isNet ? next !== undefined : next?.commit === commit;
      const isOpen = isNet && more;
      const ended = isOpen ? undefined : this.#ended(isNet ? from : (events[index - 1]?.seq ?? from), seq).ended;
      const tail = updateTail(more, timestamp, isOpen ? this.#openId(seq) : this.id(seq), ended);
      segments.push(body, encode(tail));
    }
    // A large range refers to the bodies in the log, so that no selection needs a copy.
    return new Chunk(segments);
  }

  /** As a member of an event: the last positions of the epochs that ended after one position and before another. */
  #ended(after: number, before: number): { readonly ended?: readonly string[] } {
    const ends = this.#context.log.lineage.endsBetween(after, before);
    return ends.length === 0 ? {} : { ended: ends.map(([epoch, seq]) => formatEventId(epoch, seq, "")) };
  }

  #openId(seq: number): string {
    return formatOpenId(this.#context.log.epochAt(seq), seq, this.suffix);
  }
}
