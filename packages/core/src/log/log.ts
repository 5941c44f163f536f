import type { Difference } from "../diff/differ.ts";
import { updateBody } from "../protocol/frame.ts";

/** What a connection selects: the names of slices, or everything. */
export type Names = ReadonlySet<string> | undefined;

/** One event of the log: encoded once, for every connection. */
export interface Entry {
  readonly seq: number;
  readonly slice: string;
  /** The seq of the first event of its commit. */
  readonly commit: number;
  readonly timestamp: number;
  /** The slice was hidden by the option `slices`, not deleted: its earlier events must never be replayed. */
  readonly hidden: boolean;
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

/** An event that another log has numbered and encoded. */
export interface EncodedEvent {
  readonly slice: string;
  readonly kind: Difference["kind"];
  readonly hidden: boolean;
  /** The seq of the slice's previous event. */
  readonly base: number;
  readonly body: Uint8Array;
}

/** From this seq on, events are of this epoch. */
export type LineageStep = readonly [from: number, epoch: string];

/** Where a log begins that goes on with another's. */
export interface LogStart {
  /** The seq of the last event. */
  readonly seq: number;
  /** The epochs of positions up to it, oldest first, as far as they are known. */
  readonly lineage: readonly LineageStep[];
  /** The seq of each slice's last event, of removed slices too. */
  readonly lasts: readonly (readonly [slice: string, last: number])[];
  /** Which of them are removed, oldest removal first. */
  readonly removed: readonly string[];
  /** The highest seq whose slice is no longer known. */
  readonly forgotten: number;
}

/** One commit of another log. */
export interface EncodedCommit {
  readonly epoch: string;
  /** The epoch of the event before its first. */
  readonly previous: string;
  /** The seq of its first event. */
  readonly first: number;
  readonly timestamp: number;
  readonly events: readonly EncodedEvent[];
}

/** So many epochs are remembered at least, also of positions before the oldest event that is held. */
const MIN_LINEAGE = 32;

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
  #replacements = 0;
  /** Oldest first; never empty once an epoch has been drawn. */
  #lineage: LineageStep[] = [];
  readonly #draw: () => string;

  /** `draw` makes an epoch; asked when one is first needed, since some runtimes have no randomness before the first request. */
  constructor(limits: { readonly maxLogEvents: number; readonly maxLogBytes: number }, draw: () => string) {
    this.#maxEvents = limits.maxLogEvents;
    this.#maxBytes = limits.maxLogBytes;
    this.#draw = draw;
  }

  /** The epoch at a position; empty where the log has never known it. */
  epochAt(seq: number): string {
    if (this.#lineage.length === 0) this.#lineage = [[0, this.#draw()]];
    for (let index = this.#lineage.length - 1; index >= 0; index--) {
      const [from, epoch] = this.#lineage[index] as LineageStep;
      if (from <= seq) return epoch;
    }
    return "";
  }

  /** Whether this position is one of this log's. */
  includes(epoch: string, seq: number): boolean {
    return seq <= this.#head && this.epochAt(seq) === epoch;
  }

  /** The seq of the last event, 0 when there was none. */
  get head(): number {
    return this.#head;
  }

  get events(): number {
    return this.#entries.length - this.#start;
  }

  /** How many events carried a whole value, ever. */
  get replacements(): number {
    return this.#replacements;
  }

  get bytes(): number {
    const first = this.#entries[this.#start];
    return first === undefined ? 0 : this.#total - first.total + first.body.length;
  }

  /** When the oldest held event was made, in milliseconds since 1970; `undefined` while none is held. */
  get oldestAt(): number | undefined {
    return this.#entries[this.#start]?.timestamp;
  }

  /** Appends one commit: numbered, encoded, in this order. Returns its events. */
  append(drafts: readonly Draft[], timestamp: number): Entry[] {
    const commit = this.#head + 1;
    // A draw at the first change at the latest, so that no position is ever of two epochs.
    this.epochAt(commit);
    for (const { slice, difference, cause, hidden } of drafts) {
      const base = this.#tracks.get(slice)?.last ?? 0;
      const body = updateBody(slice, this.#head + 1, base, difference.member, cause);
      this.#push({ slice, kind: difference.kind, hidden, base, body }, commit, timestamp);
    }
    this.trim(commit);
    return this.after(commit - 1, undefined);
  }

  /** Appends one commit of the log that this one follows. */
  follow({ epoch, first, timestamp, events }: EncodedCommit): void {
    this.begin(epoch);
    for (const event of events) this.#push(event, first, timestamp);
    this.trim(first);
  }

  /** Events from here on are of this epoch. */
  begin(epoch: string): void {
    const from = this.#head + 1;
    if (this.epochAt(from) !== epoch) this.#lineage.push([from, epoch]);
  }

  /** Begins anew where another log is, with what of its past is held. */
  restart(start: LogStart, past: readonly EncodedCommit[]): void {
    this.#entries = [];
    this.#start = 0;
    this.#total = 0;
    this.#tracks.clear();
    this.#removed.clear();
    this.#forgotten = start.forgotten;
    this.#head = past[0] === undefined ? start.seq : past[0].first - 1;
    this.#gone = this.#head;
    this.#lineage = lineageOf(start, past);
    for (const { first, timestamp, events } of past) {
      for (const event of events) this.#push(event, first, timestamp);
    }
    for (const [slice, last] of start.lasts) {
      if (!this.#tracks.has(slice)) this.#tracks.set(slice, { last, gone: last });
    }
    // What the past removed and the other log has forgotten since is the oldest.
    for (const slice of start.removed) {
      this.#removed.delete(slice);
      this.#removed.add(slice);
    }
    // Nobody has been told of any of it yet.
    this.trim(Infinity);
  }

  /** Where a log can begin that goes on with this one. */
  toStart(): LogStart {
    return {
      seq: this.#head,
      // A log that continues with commits before this position learns older epochs from them.
      lineage: this.#lineage.filter(([from]) => from <= this.#head).slice(-MIN_LINEAGE),
      lasts: [...this.#tracks].map(([slice, { last }]) => [slice, last] as const),
      removed: [...this.#removed],
      forgotten: this.#forgotten,
    };
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
    this.#forgetEpochs();
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
    // Of what epoch it is, an ID could not say.
    if (position < (this.#lineage[0]?.[0] ?? 0)) return false;
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

  #push({ slice, kind, hidden, base, body }: EncodedEvent, commit: number, timestamp: number): void {
    const seq = ++this.#head;
    this.#total += body.length;
    this.#entries.push({ seq, slice, commit, timestamp, hidden, body, total: this.#total });
    this.#track(slice, seq, base, hidden);
    if (hidden) this.#gone = Math.max(this.#gone, base);
    this.#remember(slice, kind === "removed");
    if (kind === "value") this.#replacements++;
  }

  /** Forgets epochs of positions before the oldest event. With many writers every commit can have an epoch of its own. */
  #forgetEpochs(): void {
    const oldest = (this.#entries[this.#start]?.seq ?? this.#head + 1) - 1;
    let count = 0;
    while (this.#lineage.length - count > MIN_LINEAGE && (this.#lineage[count + 1] as LineageStep)[0] <= oldest)
      count++;
    if (count > 0) this.#lineage.splice(0, count);
  }

  #indexAfter(position: number): number {
    const first = this.#entries[this.#start];
    // One event per seq, so the index is known.
    return first === undefined ? this.#start : this.#start + Math.max(0, position + 1 - first.seq);
  }

  #track(slice: string, seq: number, base: number, hidden: boolean): void {
    const track = this.#tracks.get(slice);
    if (track === undefined) {
      // Of a slice that is new here, nothing before is held.
      this.#tracks.set(slice, { last: seq, gone: base });
    } else {
      track.last = seq;
      if (hidden) track.gone = base;
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

/** The epochs of a log that continues at `start`: also those of its past, which `start` may have forgotten. */
function lineageOf({ lineage }: LogStart, past: readonly EncodedCommit[]): LineageStep[] {
  const [oldest] = past;
  if (oldest === undefined) return [...lineage];
  const steps = lineage.filter(([from]) => from < oldest.first);
  if (steps.length === 0) steps.push([oldest.first - 1, oldest.previous]);
  for (const { first, epoch } of past) if (steps.at(-1)?.[1] !== epoch) steps.push([first, epoch]);
  return steps;
}
