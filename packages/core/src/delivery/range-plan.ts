import { REMOVED } from "../diff/differ.ts";
import type { Entry } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import type { Names } from "../log/slice-tracks.ts";
import { updateBody } from "../protocol/frame.ts";
import type { NetEvents } from "./net-events.ts";
import type { Terms } from "./terms.ts";

/** An event of a range, without what depends on its place in it. */
export interface PlannedEvent {
  readonly seq: number;
  readonly commit: number;
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** What a client is sent to get from a position to the head. */
export interface RangePlan {
  readonly events: readonly PlannedEvent[];
  /**
   * Whether an event stands for several. Then the states in between were not sent in full: all events are one commit, and
   * only the last one's ID names a state.
   */
  readonly isNet: boolean;
}

/** Decides which events of the log a client of some terms is sent as they are, and which as one net event for each slice. */
export class RangePlanner {
  readonly #log: Log;
  readonly #netEvents: NetEvents;
  readonly #names: Names;
  /** The slices that may come with `append`. */
  readonly #append: ReadonlySet<string> | true;
  /** Whether every slice with more than one event is sent in a net event. */
  readonly #isRated: boolean;

  constructor(log: Log, netEvents: NetEvents, { names, append, rateHz }: Terms) {
    this.#log = log;
    this.#netEvents = netEvents;
    this.#names = names && new Set(names);
    this.#append = append === true ? true : new Set(append);
    this.#isRated = rateHz !== undefined;
  }

  /** Whether what follows this position is sent as the log has it. */
  isPlain(position: number): boolean {
    return !this.#isRated && (this.#append === true || !this.#log.mayAppendSince(position));
  }

  /** What follows this position; `undefined` where a slice cannot be read. */
  plan(position: number): RangePlan | undefined {
    const entries = this.#log.after(position, this.#names);
    if (this.isPlain(position)) return { events: entries, isNet: false };
    const groups = this.#groups(entries);
    if (groups.size === 0) return { events: entries, isNet: false };
    const events: PlannedEvent[] = [];
    let isNet = false;
    for (const entry of entries) {
      const group = groups.get(entry.slice);
      const planned = group === undefined ? entry : this.#planned(entry, group);
      if (planned === "unreadable") return undefined;
      if (planned !== undefined) events.push(planned);
      isNet ||= group !== undefined && group.length > 1;
    }
    return { events, isNet };
  }

  /** The events of each slice that is sent in a net event. */
  #groups(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
    const groups = new Map<string, Entry[]>();
    for (const { slice, appends } of entries)
      if (this.#isRated || (appends && this.#isStrict(slice))) groups.set(slice, []);
    for (const entry of entries) groups.get(entry.slice)?.push(entry);
    return groups;
  }

  #isStrict(slice: string): boolean {
    return this.#append !== true && !this.#append.has(slice);
  }

  /** What is sent at this event's place; `undefined` for nothing. */
  #planned(entry: Entry, group: readonly Entry[]): PlannedEvent | "unreadable" | undefined {
    const [first, last] = [group[0] as Entry, group.at(-1) as Entry];
    if (last.kind === "removed") {
      // Where the slice was not there before, the client must get it first: there would be nothing to remove.
      if (entry === first && first.kind === "value") return entry;
      return entry === last ? removal(last, first) : undefined;
    }
    if (entry !== last) return undefined;
    if (group.length === 1 && !(entry.appends && this.#isStrict(entry.slice))) return entry;
    const body = this.#netEvents.body(group, this.#isStrict(entry.slice));
    return body === undefined ? "unreadable" : { ...entry, body };
  }
}

/** The removal that stands for all events from `first` on; but a first value is sent before it. */
function removal(last: Entry, first: Entry): PlannedEvent {
  if (last === first) return last;
  const base = first.kind === "value" ? first.seq : first.base;
  return { ...last, body: updateBody(last.slice, last.seq, base, REMOVED.member, undefined) };
}
