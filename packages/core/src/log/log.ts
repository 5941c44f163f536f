import { updateBody } from "../protocol/frame.ts";
import type { EncodedEvent, Entry } from "./entry.ts";
import { HeldEntries } from "./held-entries.ts";
import { Lineage } from "./lineage.ts";
import type { SliceChange } from "./slice-change.ts";
import { type Names, SliceTracks } from "./slice-tracks.ts";

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
  readonly #settings: LogSettings;
  readonly #held = new HeldEntries();
  /** The highest seq that cannot be replayed, of any slice. */
  #gone = 0;
  /** The seq of the last event that did more than add to the state. */
  #lastChange = 0;
  /** The seq of the last event with an `append`. */
  #lastAppend = 0;
  #head = 0;
  #totalEvents = 0;
  #replacements = 0;

  /** `draw` makes an epoch; called when one is first needed. */
  constructor(settings: LogSettings, draw: () => string) {
    this.#settings = settings;
    this.lineage = new Lineage(draw);
    this.tracks = new SliceTracks(settings.maxLogEvents);
  }

  /** The seq of the last event, 0 when there was none. */
  get head(): number {
    return this.#head;
  }

  /** How many events are held. */
  get events(): number {
    return this.#held.count;
  }

  /** How many bytes the held events have. */
  get bytes(): number {
    return this.#held.bytes;
  }

  /** When the oldest held event was made, in milliseconds since 1970; `undefined` while none is held. */
  get oldestAt(): number | undefined {
    return this.#held.oldest?.timestamp;
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
      const hides = hidden || (this.#settings.isRevocable === true && !additive);
      entries.push(this.push({ slice, kind, additive, appends, hidden: hides, base, cause, body }, first, timestamp));
    }
    this.trim(first);
    return entries;
  }

  /** Appends an event of a commit without applying the bounds: call `trim` when the commit is complete. */
  push(event: EncodedEvent, commit: number, timestamp: number): Entry {
    const { slice, kind, additive = false, appends = false, hidden, base, cause, body } = event;
    const seq = ++this.#head;
    const total = this.#held.total + body.length;
    const entry: Entry = { seq, slice, kind, appends, base, commit, timestamp, hidden, cause, body, total };
    this.#held.add(entry);
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
    const { maxLogEvents, maxLogBytes } = this.#settings;
    for (let oldest = this.#held.oldest; oldest !== undefined; oldest = this.#held.oldest) {
      const { seq, slice } = oldest;
      const isBeyond = this.events > maxLogEvents || this.bytes > maxLogBytes || seq <= forget;
      if (!isBeyond || seq >= keep) break;
      this.tracks.drop(slice, seq);
      this.#gone = Math.max(this.#gone, seq);
      this.#held.dropOldest();
    }
    this.lineage.forgetBefore((this.#held.oldest?.seq ?? this.#head + 1) - 1);
  }

  /** Drops every event, and continues after this seq. For logs that follow another's. */
  restart(head: number): void {
    this.#held.dropAll();
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
    return this.#held.after(position, names);
  }

  /** The bytes of the bodies of those events. */
  cost(position: number, names: Names): number {
    return this.#held.cost(position, names);
  }
}
