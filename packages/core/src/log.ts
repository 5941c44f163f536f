import type { Difference } from "./differ.ts";
import { updateBody } from "./frame.ts";

/** What a connection selects: the names of slices, or everything. */
export type Names = ReadonlySet<string> | undefined;

/** One event of the log: encoded once, for every connection. */
export interface Entry {
  readonly seq: number;
  readonly slice: string;
  /** The seq of the first event of its commit. */
  readonly commit: number;
  readonly timestamp: number;
  /** The frame's bytes up to where connections begin to differ. */
  readonly body: Uint8Array;
  /** Bytes of all bodies up to this one, so that a range's cost is one subtraction. */
  readonly total: number;
}

export interface Draft {
  readonly slice: string;
  readonly difference: Difference;
  /** JSON of its cause. */
  readonly cause: string | undefined;
  /** It is a removal since the slice may no longer be seen: what the log says of it before this is not to be replayed. */
  readonly hidden: boolean;
}

/** Where a slice stands in the log. */
interface Track {
  /** The seq of its last event. */
  last: number;
  /** The seq of its last event that cannot be replayed. */
  gone: number;
}

/**
 * Numbers events and keeps the recent ones, within two bounds; the newest commit always stays. What lies between a
 * position and the head is asked here.
 */
export class Log {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  /** Entries from `#start` on are held; those before are let go at once, their places now and then. */
  #entries: (Entry | undefined)[] = [];
  #start = 0;
  readonly #tracks = new Map<string, Track>();
  /** Names of removed slices, oldest removal first. Their tracks are kept, within `#maxEvents`. */
  readonly #removed = new Set<string>();
  /** The highest seq whose slice is no longer known: positions below it cannot be answered. */
  #forgotten = 0;
  /** The highest seq that cannot be replayed, of any slice. */
  #gone = 0;
  #head = 0;
  #total = 0;

  constructor(limits: { readonly maxLogEvents: number; readonly maxLogBytes: number }) {
    this.#maxEvents = limits.maxLogEvents;
    this.#maxBytes = limits.maxLogBytes;
  }

  /** The seq of the last event, 0 when there was none. */
  get head(): number {
    return this.#head;
  }

  get events(): number {
    return this.#entries.length - this.#start;
  }

  get bytes(): number {
    const first = this.#entries[this.#start];
    return first === undefined ? 0 : this.#total - first.total + first.body.length;
  }

  /** Appends one commit: numbered, encoded, in this order. */
  append(drafts: readonly Draft[], timestamp: number): void {
    const commit = this.#head + 1;
    for (const { slice, difference, cause, hidden } of drafts) {
      const seq = ++this.#head;
      const base = this.#tracks.get(slice)?.last ?? 0;
      const body = updateBody(slice, seq, base, difference.member, cause);
      this.#total += body.length;
      this.#entries.push({ seq, slice, commit, timestamp, body, total: this.#total });
      this.#track(slice, seq, hidden ? base : undefined);
      if (hidden) this.#gone = Math.max(this.#gone, base);
      this.#remember(slice, difference.kind === "removed");
    }
    this.trim(commit);
  }

  /** Drops the oldest events beyond the bounds, but none from `keep` on. */
  trim(keep: number): void {
    while (this.events > this.#maxEvents || this.bytes > this.#maxBytes) {
      const oldest = this.#entries[this.#start] as Entry;
      if (oldest.seq >= keep) break;
      const track = this.#tracks.get(oldest.slice);
      if (track !== undefined) track.gone = Math.max(track.gone, oldest.seq);
      this.#gone = Math.max(this.#gone, oldest.seq);
      this.#entries[this.#start++] = undefined;
    }
    // Copying half the array once per half the array: constant per event.
    if (this.#start > 64 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** The seq of the last event of these slices; of one that is no longer known, the latest it can have been. */
  last(names: Names): number {
    if (names === undefined) return this.#head;
    let last = 0;
    for (const name of names) last = Math.max(last, this.#tracks.get(name)?.last ?? this.#forgotten);
    return last;
  }

  /** Whether everything after `position` that these slices have is still held. */
  holds(position: number, names: Names): boolean {
    if (position >= this.#gone) return true;
    if (names === undefined || position < this.#forgotten) return false;
    for (const name of names) {
      if (position < (this.#tracks.get(name)?.gone ?? 0)) return false;
    }
    return true;
  }

  /** The held events after `position` of these slices. */
  after(position: number, names: Names): Entry[] {
    const entries = this.#entries.slice(this.#indexAfter(position)) as Entry[];
    return names === undefined ? entries : entries.filter((entry) => names.has(entry.slice));
  }

  /** What those events cost, in bytes of their bodies. */
  cost(position: number, names: Names): number {
    if (names !== undefined) return this.after(position, names).reduce((sum, entry) => sum + entry.body.length, 0);
    const first = this.#entries[this.#indexAfter(position)];
    return first === undefined ? 0 : this.#total - first.total + first.body.length;
  }

  #indexAfter(position: number): number {
    const first = this.#entries[this.#start];
    // One event per seq, so the index is known.
    return first === undefined ? this.#start : this.#start + Math.max(0, position + 1 - first.seq);
  }

  #track(slice: string, seq: number, gone: number | undefined): void {
    const track = this.#tracks.get(slice);
    if (track === undefined) {
      this.#tracks.set(slice, { last: seq, gone: gone ?? 0 });
    } else {
      track.last = seq;
      track.gone = gone ?? track.gone;
    }
  }

  /** Keeps the tracks of removed slices from growing for ever. */
  #remember(slice: string, removed: boolean): void {
    this.#removed.delete(slice);
    if (!removed) return;
    this.#removed.add(slice);
    if (this.#removed.size <= this.#maxEvents) return;
    const oldest = this.#removed.values().next().value as string;
    this.#removed.delete(oldest);
    this.#forgotten = Math.max(this.#forgotten, this.#tracks.get(oldest)?.last ?? 0);
    this.#tracks.delete(oldest);
  }
}
