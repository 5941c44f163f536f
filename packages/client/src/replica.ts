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

/** How deep values are compared to keep the identity of equal parts: the server decides how deep they are. */
const MAX_COMPARED_DEPTH = 200;

/** The copy cannot be continued; a new snapshot repairs it. */
function misfit(why: string): StateClientError {
  return new StateClientError("resync", `Resync: ${why}.`);
}

/**
 * The copy of the server's state and its position, kept by the rules of PROTOCOL.md. A state that was handed out is never
 * changed in place: what a change does not reach keeps its identity.
 */
export class Replica {
  #state: State | undefined;
  /** The state's own object was not handed out yet, so it may be changed further. */
  #unseen = false;
  /** The position up to which everything is in the state: resuming from it misses nothing and repeats nothing. */
  eventId: string | undefined;
  /** Whether the state has changed since readers were notified. */
  changed = false;
  /** Whether the connection continued where the previous one ended. */
  resumed = false;
  /** The id that the connection was requested with. */
  #cameWith: string | undefined;
  /** Where the connection began: the version of every slice of the state that is not in `#versions`. */
  #start: number | undefined;
  /** The version of every slice that is neither in the state nor in `#versions`. */
  #absent = 0;
  readonly #versions = new Map<string, number>();
  /** Names in `#versions` of slices that are not in the state. */
  readonly #removed = new Set<string>();
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

  /** Whether everything that the server announced has been applied. */
  get upToDate(): boolean {
    return this.#start !== undefined && this.#applied >= this.#head && !this.#stale;
  }

  /** A connection begins: versions are compared within one only. */
  begin(): void {
    this.#cameWith = this.eventId;
    this.#start = undefined;
    this.#forgetVersions();
    this.#stale = false;
  }

  /**
   * Applies an event; nothing of it, if it throws. Returns whether it ends a commit.
   *
   * @throws {StateClientError} `resync`, when something was missed, or does not fit
   */
  take(event: StateEvent, id: string | undefined): boolean {
    if (event.type === "state.initial") this.#replace(event, id);
    if (event.type === "heartbeat") this.#place(event, id);
    // The id of an end adds nothing, and something may be missing before it.
    if (event.type !== "state.update") return true;
    this.#update(event, id);
    return event.more !== true;
  }

  #replace({ slices, seq }: StateInitialEvent, id: string | undefined): void {
    const state = kept(this.#state, slices) as State;
    this.changed ||= state !== this.#state;
    // It may be the object that was handed out before.
    this.#unseen = false;
    this.#state = state;
    this.eventId = id;
    this.resumed = false;
    this.#stale = false;
    this.#start = seq;
    this.#absent = seq;
    this.#forgetVersions();
    this.#applied = seq;
    this.#head = seq;
  }

  #forgetVersions(): void {
    this.#versions.clear();
    this.#removed.clear();
  }

  #place({ seq, head, stale }: HeartbeatEvent, id: string | undefined): void {
    if (this.#start === undefined) {
      // Only at this very position does the server guarantee that everything before has arrived.
      if (this.#state === undefined || id === undefined || id !== this.#cameWith) throw misfit("it resumes elsewhere");
      this.#start = seq;
      this.#absent = seq;
      this.#applied = seq;
      this.resumed = true;
    }
    if (this.#applied < head && head <= seq) throw misfit(`event ${head} is missing`);
    this.#head = Math.max(this.#head, head);
    this.#stale = stale === true;
    // It is the copy's position only where nothing is missing before it; and a position never moves back.
    if (head > this.#applied || this.#applied > seq) return;
    this.eventId = id;
    // The removals up to here have arrived: one version serves all those slices, or each name ever seen would be kept.
    for (const name of this.#removed) this.#versions.delete(name);
    this.#removed.clear();
    this.#absent = seq;
  }

  #update(update: StateUpdateEvent, id: string | undefined): void {
    const { slice, seq, base } = update;
    if (this.#start === undefined || this.#state === undefined) throw misfit("there is no state to change");
    const current = Object.hasOwn(this.#state, slice) ? this.#state[slice] : undefined;
    const version = this.#versions.get(slice) ?? (current === undefined ? this.#absent : this.#start);
    // Its id is dropped too: resuming from it would apply what came after it twice.
    if (seq <= version) return;
    if (base > version) throw misfit(`slice "${slice}" is at ${version}, not ${base}`);
    const value = next(update, current);
    if (value !== current) this.#put(slice, value);
    this.#versions.set(slice, seq);
    if (value === undefined) this.#removed.add(slice);
    else this.#removed.delete(slice);
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
    // The operations do not fit, are absent or malformed.
    throw misfit((cause as Error).message);
  }
}

/**
 * The new value, with those parts of the old one that are equal, so that unchanged parts keep their identity. The new value
 * was parsed from the wire just now, so it is edited in place.
 */
function kept(before: Json | undefined, after: Json, depth = 0): Json {
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) return after;
  if (depth === MAX_COMPARED_DEPTH) return after;
  const keys = Object.keys(after);
  let same = keys.length === Object.keys(before).length;
  for (const key of keys) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    const value = kept(old, after[key] as Json, depth + 1);
    setOwn(after, key, value);
    same &&= value === old;
  }
  return same ? before : after;
}

/** An object, or an array, whose keys are its indices. */
function isContainer(value: Json | undefined): value is { [key: string]: Json } {
  return Object(value) === value;
}
