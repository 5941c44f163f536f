import type { SnapshotReason } from "../protocol/events.ts";
import { formatEventId, selectionSuffix } from "../protocol/event-id.ts";
import {
  type ConnectionEvent,
  decodeFrames,
  heartbeatFrame,
  join,
  snapshotBody,
  snapshotTail,
  updateTail,
} from "../protocol/frame.ts";
import type { Log } from "../log/log.ts";
import type { Names } from "../log/slice-tracks.ts";

/** Bytes to hand to writers, the same object for every connection that needs them. */
export class Chunk {
  readonly bytes: Uint8Array;
  #events: readonly ConnectionEvent[] | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** What the bytes say, decoded once, for connections that are read as events. */
  get events(): readonly ConnectionEvent[] {
    this.#events ??= decodeFrames(this.bytes);
    return this.#events;
  }
}

/** The JSON of each slice, as the log has it. */
export interface SliceTexts {
  /** The visible slices. */
  names(): Iterable<string>;
  /** `undefined` when the slice is absent. */
  text(slice: string): string | undefined;
}

/** What a selection needs of its stream. */
export interface SelectionContext {
  readonly log: Log;
  readonly slices: SliceTexts;
  readonly heartbeatMs: number;
  readonly stale: boolean;
  now(): number;
}

/** A range is sent up to this size whatever a snapshot would cost, in bytes. DESIGN: "the log is the queue". */
const CHEAP_RANGE_BYTES = 64 * 1024;

/** How many ranges are kept for others that need the same: the herd's, and a few that lag. */
const MAX_RANGES = 4;

/** The state at a position. */
interface Snapshot {
  readonly position: number;
  /** Its bytes up to the reason. */
  body: Uint8Array;
  readonly chunks: Map<SnapshotReason, Chunk>;
  /** Since the last heartbeat. */
  used: boolean;
}

/** All connections that see the same slices: what they are sent is made once, here. */
export class Selection {
  readonly names: Names;
  /** Its part of event IDs. */
  readonly suffix: string;
  /** The seq of the last event selected. */
  head: number;
  /** The head before the changes of this tick, and how far beyond it a position can be with nothing selected in between. */
  #settled: { readonly head: number; readonly until: number };
  #flushed = true;
  readonly #context: SelectionContext;
  readonly #ranges = new Map<number, Chunk>();
  #snapshot: Snapshot | undefined;
  #heartbeat: { key: string; chunk: Chunk } | undefined;

  /** `names`: sorted and without repetition; `undefined` selects everything. */
  constructor(names: readonly string[] | undefined, context: SelectionContext) {
    this.names = names && new Set(names);
    this.suffix = selectionSuffix(names);
    this.#context = context;
    this.head = context.log.last(this.names);
    this.#settled = { head: this.head, until: Infinity };
  }

  /** Whether this position can be named: of very old ones, the epoch is not known any more. */
  knows(seq: number): boolean {
    return this.#context.log.epochAt(seq) !== "";
  }

  id(seq: number): string {
    return formatEventId(this.#context.log.epochAt(seq), seq, this.suffix);
  }

  /** Takes note of a selected event, of a commit that was appended at `position`. */
  advance(seq: number, position: number): void {
    if (this.#flushed) this.#settled = { head: this.head, until: position };
    this.#flushed = false;
    this.head = seq;
    this.#ranges.clear();
  }

  /** The connections have been told of everything so far. */
  flushed(): void {
    this.#flushed = true;
  }

  /** Everything selected after `position`; `undefined` when the log does not hold it, or it may not be sent at that price. */
  range(position: number, atAnyPrice: boolean): Chunk | undefined {
    // Connections that keep up may stand at different positions, and need the same range all the same.
    const { head, until } = this.#settled;
    const shared = position >= head && position <= until && this.#context.log.holds(head, this.names);
    const from = shared ? head : position;
    const known = this.#ranges.get(from);
    if (known !== undefined && (atAnyPrice || known.bytes.length <= CHEAP_RANGE_BYTES)) return known;
    if (!this.replays(from, atAnyPrice)) return undefined;
    const chunk = known ?? this.#join(from);
    if (this.#ranges.size >= MAX_RANGES) this.#ranges.delete(this.#ranges.keys().next().value as number);
    this.#ranges.set(from, chunk);
    return chunk;
  }

  /** Whether what is after `position` can be replayed, and at what it costs, should be. */
  replays(position: number, atAnyPrice: boolean): boolean {
    const { log } = this.#context;
    if (!log.holds(position, this.names)) return false;
    if (atAnyPrice) return true;
    const cost = log.cost(position, this.names);
    return cost <= CHEAP_RANGE_BYTES || cost <= this.#current().body.length;
  }

  /** The state the log has reached, or had reached not long ago, and where that was. */
  snapshot(reason: SnapshotReason): { readonly chunk: Chunk; readonly position: number } {
    const snapshot = this.#current();
    snapshot.used = true;
    let chunk = snapshot.chunks.get(reason);
    if (chunk === undefined) {
      const { heartbeatMs } = this.#context;
      const id = this.id(snapshot.position);
      const tail = snapshotTail(reason, snapshot.position, heartbeatMs, this.#context.now(), id);
      chunk = new Chunk(join([{ body: snapshot.body, tail }]));
      // The body lives on in the first chunk made of it, so that the state is not held twice.
      if (snapshot.chunks.size === 0) snapshot.body = chunk.bytes.subarray(0, snapshot.body.length);
      snapshot.chunks.set(reason, chunk);
    }
    return { chunk, position: snapshot.position };
  }

  /** A slice may no longer be seen, so nothing made before may be used again. */
  forget(): void {
    this.#ranges.clear();
    this.#snapshot = undefined;
  }

  /** The log has begun anew. */
  restart(): void {
    this.forget();
    this.#heartbeat = undefined;
    this.head = this.#context.log.last(this.names);
    this.#settled = { head: this.head, until: Infinity };
    // What is not flushed yet is not there any more.
    this.#flushed = true;
  }

  /** Lets go of what nobody has asked for since the last time. */
  forgetUnused(): void {
    this.#ranges.clear();
    if (this.#snapshot?.used === false) this.#snapshot = undefined;
    else if (this.#snapshot) this.#snapshot.used = false;
  }

  heartbeat(position: number, timestamp: number): Chunk {
    const { heartbeatMs, stale } = this.#context;
    const key = `${position} ${this.head} ${timestamp} ${stale}`;
    if (this.#heartbeat?.key !== key) {
      const base = { seq: position, head: this.head, heartbeatMs, timestamp };
      const data = stale ? { ...base, stale } : base;
      this.#heartbeat = { key, chunk: new Chunk(heartbeatFrame(data, this.id(position))) };
    }
    return this.#heartbeat.chunk;
  }

  #current(): Snapshot {
    const { log, slices } = this.#context;
    const kept = this.#snapshot;
    if (kept !== undefined && log.holds(kept.position, this.names)) {
      if (log.cost(kept.position, this.names) * 4 < kept.body.length) return kept;
    }
    const body = snapshotBody(this.#texts(slices));
    this.#snapshot = { position: log.head, body, chunks: new Map(), used: true };
    return this.#snapshot;
  }

  *#texts(slices: SliceTexts): Iterable<readonly [string, string]> {
    for (const name of slices.names()) {
      if (this.names !== undefined && !this.names.has(name)) continue;
      const text = slices.text(name);
      if (text !== undefined) yield [name, text];
    }
  }

  #join(position: number): Chunk {
    const entries = this.#context.log.after(position, this.names);
    return new Chunk(
      join(
        entries.map(({ seq, commit, timestamp, body }, index) => ({
          body,
          tail: updateTail(entries[index + 1]?.commit === commit, timestamp, this.id(seq)),
        })),
      ),
    );
  }
}
