/** What a connection selects: the names of slices, or everything. */
export type Names = ReadonlySet<string> | undefined;

/** Where a slice stands in the log. */
interface Track {
  /** The seq of its last event. */
  last: number;
  /** The seq of its last event that cannot be replayed. */
  gone: number;
  /** The seq of its last event that did more than add to the slice. */
  changed: number;
}

/** What an event says of its slice. */
interface TrackedEvent {
  readonly seq: number;
  /** The seq of the slice's event before it. */
  readonly base: number;
  readonly hidden: boolean;
  readonly removed: boolean;
  readonly additive: boolean;
}

/** Where each slice stands in the log: which event was its last, and from where on its events can be replayed. */
export class SliceTracks {
  readonly #maxRemoved: number;
  readonly #tracks = new Map<string, Track>();
  /** Names of removed slices, oldest removal first. Their tracks are kept, within the bound. */
  readonly #removed = new Set<string>();
  /** The highest seq whose slice is forgotten: positions below it cannot be answered for a selection. */
  #forgotten = 0;

  /** `maxRemoved`: how many removed slices are remembered. */
  constructor(maxRemoved: number) {
    this.#maxRemoved = maxRemoved;
  }

  /** The seq of the last event of a slice, 0 where there was none. */
  lastOf(slice: string): number {
    return this.#tracks.get(slice)?.last ?? 0;
  }

  /** The seq of the last event of these slices; of a forgotten one, the highest it can have been. */
  last(names: ReadonlySet<string>): number {
    let last = 0;
    for (const name of names) last = Math.max(last, this.#tracks.get(name)?.last ?? this.#forgotten);
    return last;
  }

  /** The seq of the last event that did more than add to these slices; of a forgotten one, the highest it can have been. */
  lastChange(names: ReadonlySet<string>): number {
    let last = 0;
    for (const name of names) last = Math.max(last, this.#tracks.get(name)?.changed ?? this.#forgotten);
    return last;
  }

  /** Whether every event that these slices have after `position` can be replayed. */
  replays(position: number, names: ReadonlySet<string>): boolean {
    if (position < this.#forgotten) return false;
    for (const name of names) {
      if (position < (this.#tracks.get(name)?.gone ?? 0)) return false;
    }
    return true;
  }

  /** Notes an event. */
  add(slice: string, { seq, base, hidden, removed, additive }: TrackedEvent): void {
    const track = this.#tracks.get(slice);
    if (track === undefined) {
      // The first event of this slice in this log: nothing up to `base` can be replayed.
      this.#tracks.set(slice, { last: seq, gone: base, changed: additive ? base : seq });
    } else {
      track.last = seq;
      if (hidden) track.gone = base;
      if (!additive) track.changed = seq;
    }
    this.#removed.delete(slice);
    if (removed) this.#addRemoved(slice);
  }

  /** Notes that the log no longer holds this event. */
  drop(slice: string, seq: number): void {
    const track = this.#tracks.get(slice);
    if (track !== undefined) track.gone = Math.max(track.gone, seq);
  }

  /** What a log needs to know that continues this one. */
  toStart(): TracksStart {
    return {
      lasts: [...this.#tracks].map(([slice, { last }]) => [slice, last] as const),
      removed: [...this.#removed],
      forgotten: this.#forgotten,
    };
  }

  /** Forgets every slice. */
  clear(forgotten: number): void {
    this.#tracks.clear();
    this.#removed.clear();
    this.#forgotten = forgotten;
  }

  /** Adds what another log knew, of slices that have no event here. */
  adopt({ lasts, removed }: TracksStart): void {
    for (const [slice, last] of lasts) {
      if (!this.#tracks.has(slice)) this.#tracks.set(slice, { last, gone: last, changed: last });
    }
    // A slice that was removed here and that the other log has forgotten is older than all that it remembers.
    for (const slice of removed) {
      this.#removed.delete(slice);
      this.#removed.add(slice);
    }
  }

  #addRemoved(slice: string): void {
    this.#removed.add(slice);
    if (this.#removed.size <= this.#maxRemoved) return;
    const oldest = this.#removed.values().next().value as string;
    this.#removed.delete(oldest);
    this.#forgotten = Math.max(this.#forgotten, this.lastOf(oldest));
    this.#tracks.delete(oldest);
  }
}

/** What is known of the slices of a log that another continues. */
export interface TracksStart {
  /** The seq of each slice's last event, of removed slices too. */
  readonly lasts: readonly (readonly [slice: string, last: number])[];
  /** Which of them are removed, oldest removal first. */
  readonly removed: readonly string[];
  /** The highest seq whose slice is forgotten. */
  readonly forgotten: number;
}
