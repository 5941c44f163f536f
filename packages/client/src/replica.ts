import type {
  HeartbeatEvent,
  Json,
  Operation,
  StateEvent,
  StateInitialEvent,
  StateUpdateEvent,
} from "@statestream/core";
import { applyOperations, setOwn } from "@statestream/core/patch";
import { StateClientError } from "./errors.ts";

type State = Readonly<Record<string, Json>>;

/** What a copy cannot go on from; asking for the state anew mends it. */
function misfit(why: string): StateClientError {
  return new StateClientError("resync", `Resync: ${why}.`);
}

/**
 * The copy of the server's state and its position, kept by the rules of PROTOCOL.md. States are never changed in place
 * once somebody has seen them: what a change does not reach keeps its identity.
 */
export class Replica {
  #state: State | undefined;
  /** Nobody has seen the state's own object yet, so it may be changed further. */
  #unseen = false;
  /** Up to where everything is in the state: resuming from there misses nothing and repeats nothing. */
  eventId: string | undefined;
  /** Whether the state has changed since readers were told. */
  changed = false;
  /** Whether the connection went on where the one before ended. */
  resumed = false;
  /** The id the connection came with. */
  #cameWith: string | undefined;
  /** Where the connection began: the version of every slice that is not in `#versions`. */
  #start: number | undefined;
  readonly #versions = new Map<string, number>();
  /** The seq of the last event applied, and the last one known to be selected. */
  #applied = 0;
  #head = 0;
  /** The server has lost touch with where the state comes from. */
  #stale = false;

  constructor(initial: { readonly state: State; readonly eventId: string } | undefined) {
    this.#state = initial?.state;
    this.eventId = initial?.eventId;
  }

  get isEmpty(): boolean {
    return this.#state === undefined;
  }

  /** The state, never changed from now on. */
  read(): State | undefined {
    this.#unseen = false;
    return this.#state;
  }

  /** Whether everything that the server told of has been applied. */
  get upToDate(): boolean {
    return this.#start !== undefined && this.#applied >= this.#head && !this.#stale;
  }

  /** A connection begins: versions are compared within one only. */
  begin(): void {
    this.#cameWith = this.eventId;
    this.#start = undefined;
    this.#versions.clear();
    this.#stale = false;
  }

  /**
   * Applies an event; nothing of it, if it throws. Says whether it ends a commit.
   *
   * @throws {StateClientError} `resync`, when something was missed, or does not fit
   */
  take(event: StateEvent, id: string | undefined): boolean {
    if (event.type === "state.initial") this.#replace(event, id);
    if (event.type === "heartbeat") this.#place(event, id);
    // The id of an end says nothing that is not known, and something may be missing before it.
    if (event.type !== "state.update") return true;
    this.#update(event, id);
    return event.more !== true;
  }

  #replace({ slices, seq }: StateInitialEvent, id: string | undefined): void {
    const state = kept(this.#state, slices) as State;
    this.changed ||= state !== this.#state;
    // The old one may come back, and readers have seen that.
    this.#unseen = false;
    this.#state = state;
    this.eventId = id;
    this.resumed = false;
    this.#stale = false;
    this.#start = seq;
    this.#versions.clear();
    this.#applied = seq;
    this.#head = seq;
  }

  #place({ seq, head, stale }: HeartbeatEvent, id: string | undefined): void {
    if (this.#start === undefined) {
      // Only at this very position does the server vouch that everything before has arrived.
      if (this.#state === undefined || id === undefined || id !== this.#cameWith) throw misfit("it resumes elsewhere");
      this.#start = seq;
      this.#applied = seq;
      this.resumed = true;
    }
    if (this.#applied < head && head <= seq) throw misfit(`event ${head} is missing`);
    this.#head = Math.max(this.#head, head);
    this.#stale = stale === true;
    // A bookmark is one only where nothing is missing before it; and it never leads back.
    if (head <= this.#applied && this.#applied <= seq) this.eventId = id;
  }

  #update(update: StateUpdateEvent, id: string | undefined): void {
    const { slice, seq, base } = update;
    if (this.#start === undefined || this.#state === undefined) throw misfit("there is no state to change");
    const version = this.#versions.get(slice) ?? this.#start;
    // Its id is dropped too: going back to it would have what came after applied twice.
    if (seq <= version) return;
    if (base > version) throw misfit(`slice "${slice}" is at ${version}, not ${base}`);
    const current = Object.hasOwn(this.#state, slice) ? this.#state[slice] : undefined;
    const value = next(update, current);
    if (value !== current) this.#put(slice, value);
    this.#versions.set(slice, seq);
    if (seq < this.#applied) return;
    this.#applied = seq;
    this.eventId = id;
  }

  #put(slice: string, value: Json | undefined): void {
    const state = (this.#unseen ? this.#state : { ...this.#state }) as Record<string, Json>;
    if (value === undefined) delete state[slice];
    else setOwn(state, slice, value);
    this.#state = state;
    this.#unseen = true;
    this.changed = true;
  }
}

function next(update: StateUpdateEvent, current: Json | undefined): Json | undefined {
  if (update.removed === true) return undefined;
  if (update.value !== undefined) return kept(current, update.value);
  if (current === undefined) throw misfit(`slice "${update.slice}" is not there`);
  try {
    return applyOperations(current, update.patches as readonly Operation[], update.slice);
  } catch (cause) {
    // They do not fit, or are not there, or are none.
    throw misfit((cause as Error).message);
  }
}

/**
 * The new value, with those parts of the old one that are equal: what did not change is not new to its readers. The new
 * value is ours, fresh from the wire, and is changed.
 */
function kept(before: Json | undefined, after: Json): Json {
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) return after;
  const keys = Object.keys(after);
  let same = keys.length === Object.keys(before).length;
  for (const key of keys) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    const value = kept(old, after[key] as Json);
    setOwn(after, key, value);
    same &&= value === old;
  }
  return same ? before : after;
}

/** An array is one too: its indices are its keys. */
function isContainer(value: Json | undefined): value is { [key: string]: Json } {
  return Object(value) === value;
}
