import type { Difference } from "../diff/differ.ts";
import { updateBody } from "../protocol/frame.ts";
import { Lineage } from "./lineage.ts";
import type { SliceChange } from "./slice-change.ts";
import { type Names, SliceTracks } from "./slice-tracks.ts";

/** One event of the log: encoded once, for every connection. */
export interface Entry {
  readonly seq: number;
  readonly slice: string;
  readonly kind: Difference["kind"];
  /** Whether an operation of it is an `append`, which only some connections understand. */
  readonly appends: boolean;
  /** The seq of the slice's previous event. */
  readonly base: number;
  /** The seq of the first event of its commit. */
  readonly commit: number;
  readonly timestamp: number;
  /** The slice's earlier values are no longer visible: its earlier events must never be replayed. */
  readonly hidden: boolean;
  /** JSON of its cause. */
  readonly cause: string | undefined;
  /** The frame's bytes up to where connections begin to differ. */
  readonly body: Uint8Array;
  /** Bytes of all bodies up to this one, so that the cost of a range is one subtraction. */
  readonly total: number;
}

/** An event with its bytes, not yet in the log. */
export interface EncodedEvent {
  readonly slice: string;
  readonly kind: Difference["kind"];
  /** It only adds to the state: a row, a member, more text, or a new slice. */
  readonly additive?: boolean | undefined;
  /** Whether an operation of it is an `append`. Default: no. */
  readonly appends?: boolean | undefined;
  readonly hidden: boolean;
  /** The seq of the slice's previous event. */
  readonly base: number;
  /** JSON of its cause. */
  readonly cause?: string | undefined;
  readonly body: Uint8Array;
}

export interface LogSettings {
  readonly maxLogEvents: number;
  readonly maxLogBytes: number;
  /**
   * Whether any event that does more than add to its slice may revoke the right to see earlier values. If so, nothing
   * that the slice had before such an event is replayed, as if it had been hidden. Default `false`.
   */
  readonly isRevocable?: boolean;
}

/** Numbers events and keeps the recent ones, within two bounds; the newest commit is always kept. */
export class Log {
  /** The epoch of each position. */
  readonly lineage: Lineage;
  /** The last event of each slice. */
  readonly tracks: SliceTracks;
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #isRevocable: boolean;
  /** Entries from `#start` on are held. Dropped entries are released at once; the array is shortened now and then. */
  #entries: (Entry | undefined)[] = [];
  #start = 0;
  /** The highest seq that cannot be replayed, of any slice. */
  #gone = 0;
  /** The seq of the last event that did more than add to the state. */
  #lastChange = 0;
  /** The seq of the last event with an `append`. */
  #lastAppend = 0;
  #head = 0;
  #total = 0;
  #totalEvents = 0;
  #replacements = 0;

  /** `draw` makes an epoch; called when one is first needed. */
  constructor({ maxLogEvents, maxLogBytes, isRevocable = false }: LogSettings, draw: () => string) {
    this.#maxEvents = maxLogEvents;
    this.#maxBytes = maxLogBytes;
    this.#isRevocable = isRevocable;
    this.lineage = new Lineage(draw);
    this.tracks = new SliceTracks(maxLogEvents);
  }

  /** The seq of the last event, 0 when there was none. */
  get head(): number {
    return this.#head;
  }

  /** How many events are held. */
  get events(): number {
    return this.#entries.length - this.#start;
  }

  /** How many bytes the held events have. */
  get bytes(): number {
    return this.#bytesFrom(this.#start);
  }

  /** When the oldest held event was made, in milliseconds since 1970; `undefined` while none is held. */
  get oldestAt(): number | undefined {
    return this.#entries[this.#start]?.timestamp;
  }

  /** How many events were appended by this process, ever. */
  get totalEvents(): number {
    return this.#totalEvents;
  }

  /** How many of them carried a whole value. */
  get replacements(): number {
    return this.#replacements;
  }

  /** The epoch at a position; empty where it is older than the oldest known one. */
  epochAt(seq: number): string {
    return this.lineage.epochAt(seq);
  }

  /** Whether this position is one of this log's. */
  includes(epoch: string, seq: number): boolean {
    return seq <= this.#head && this.epochAt(seq) === epoch;
  }

  /** Appends one commit with the changes that have a difference, numbered and encoded in this order. Returns its events. */
  append(changes: readonly SliceChange[], timestamp: number): readonly Entry[] {
    const first = this.#head + 1;
    // The epoch is drawn at the first change at the latest, so that no position ever belongs to two epochs.
    this.epochAt(first);
    const entries: Entry[] = [];
    for (const { slice, difference, cause, hidden } of changes) {
      if (difference === undefined) continue;
      const base = this.tracks.lastOf(slice);
      const body = updateBody(slice, this.#head + 1, base, difference.member, cause);
      const { kind, additive, appends } = difference;
      const hides = hidden || (this.#isRevocable && !additive);
      entries.push(this.push({ slice, kind, additive, appends, hidden: hides, base, cause, body }, first, timestamp));
    }
    this.trim(first);
    return entries;
  }

  /** Appends an event of a commit without applying the bounds: call `trim` when the commit is complete. */
  push(event: EncodedEvent, commit: number, timestamp: number): Entry {
    const { slice, kind, additive = false, appends = false, hidden, base, cause, body } = event;
    const seq = ++this.#head;
    this.#total += body.length;
    const entry: Entry = {
      seq,
      slice,
      kind,
      appends,
      base,
      commit,
      timestamp,
      hidden,
      cause,
      body,
      total: this.#total,
    };
    this.#entries.push(entry);
    this.tracks.add(slice, { seq, base, hidden, removed: kind === "removed", additive });
    if (!additive) this.#lastChange = seq;
    if (appends) this.#lastAppend = seq;
    if (hidden) this.#gone = Math.max(this.#gone, base);
    this.#totalEvents++;
    if (kind === "value") this.#replacements++;
    return entry;
  }

  /** Drops the oldest events beyond the bounds and those up to `forget`, but none from `keep` on. */
  trim(keep: number, forget = 0): void {
    for (let oldest = this.#entries[this.#start]; oldest !== undefined; oldest = this.#entries[this.#start]) {
      const { seq, slice } = oldest;
      const isBeyond = this.events > this.#maxEvents || this.bytes > this.#maxBytes || seq <= forget;
      if (!isBeyond || seq >= keep) break;
      this.tracks.drop(slice, seq);
      this.#gone = Math.max(this.#gone, seq);
      this.#entries[this.#start++] = undefined;
    }
    this.lineage.forgetBefore((this.#entries[this.#start]?.seq ?? this.#head + 1) - 1);
    // The array is copied once for every half of it that was dropped: constant time per event.
    if (this.#start > 64 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Drops every event, and continues after this seq. For logs that follow another's. */
  restart(head: number): void {
    this.#entries = [];
    this.#start = 0;
    this.#total = 0;
    this.#head = head;
    this.#gone = head;
    this.#lastChange = head;
    this.#lastAppend = head;
  }

  /** The seq of the last event of these slices; for a slice that is no longer known, the highest possible one. */
  last(names: Names): number {
    return names === undefined ? this.#head : this.tracks.last(names);
  }

  /** Whether every event of these slices after `position` is still held. */
  holds(position: number, names: Names): boolean {
    // No event ID can name a position of an unknown epoch.
    if (position < this.lineage.oldest) return false;
    if (position >= this.#gone) return true;
    return names !== undefined && this.tracks.replays(position, names);
  }

  /**
   * Whether every event of these slices after `position` only added to the state. If not, a snapshot of that position may
   * contain what was removed since, and must not be sent any more.
   */
  isAdditiveSince(position: number, names: Names): boolean {
    return names === undefined ? position >= this.#lastChange : position >= this.tracks.lastChange(names);
  }

  /** Whether an event of any slice after `position` may have an `append`. */
  mayAppendSince(position: number): boolean {
    return position < this.#lastAppend;
  }

  /** The held events after `position` of these slices. */
  after(position: number, names: Names): Entry[] {
    const entries = this.#entries.slice(this.#indexAfter(position)) as Entry[];
    return names === undefined ? entries : entries.filter((entry) => names.has(entry.slice));
  }

  /** Whether there is an event of these slices after `position`, up to `end`. The log must hold the events after `position`. */
  hasBetween(position: number, end: number, names: Names): boolean {
    const [first] = this.after(position, names);
    return first !== undefined && first.seq <= end;
  }

  /** The bytes of the bodies of those events. */
  cost(position: number, names: Names): number {
    if (names !== undefined) return this.after(position, names).reduce((sum, entry) => sum + entry.body.length, 0);
    return this.#bytesFrom(this.#indexAfter(position));
  }

  #bytesFrom(index: number): number {
    const first = this.#entries[index];
    return first === undefined ? 0 : this.#total - first.total + first.body.length;
  }

  #indexAfter(position: number): number {
    const first = this.#entries[this.#start];
    // There is one event per seq, so the index is known.
    return first === undefined ? this.#start : this.#start + Math.max(0, position + 1 - first.seq);
  }
}
