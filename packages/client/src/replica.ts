import type { HeartbeatEvent, Json, StateEvent, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import { applyOperations, setOwn } from "@statestream/core/patch";

type State = Readonly<Record<string, Json>>;

/** What a copy cannot go on from; asking for the state anew mends it. */
export class Misfit extends Error {}

/**
 * The copy of the server's state, kept by the rules of PROTOCOL.md. States are never changed in place: what a change does
 * not reach keeps its identity.
 */
export class Replica {
  #state: State | undefined;
  /** Where the connection began: the version of every slice that is not in `#versions`. */
  #start: number | undefined;
  readonly #versions = new Map<string, number>();
  /** The seq of the last event applied, and the last one known to be selected. */
  #applied = 0;
  #head = 0;
  /** The state has changed since it was shown; its own object was made since, so it may be changed further. */
  #changed = false;
  #resumed = false;

  constructor(initial: State | undefined) {
    this.#state = initial;
  }

  get state(): State | undefined {
    return this.#state;
  }

  /** Whether everything that the server told of has been applied. */
  get upToDate(): boolean {
    return this.#start !== undefined && this.#applied >= this.#head;
  }

  /** Whether the state has changed since it was shown. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Whether the connection went on where the one before ended. */
  get resumed(): boolean {
    return this.#resumed;
  }

  /** A connection begins: versions are compared within one only. */
  begin(): void {
    this.#start = undefined;
    this.#versions.clear();
  }

  /**
   * Applies an event; nothing of it, if it throws. Says whether it ends a commit.
   *
   * @throws {Misfit} when something was missed, or does not fit
   */
  take(event: StateEvent): boolean {
    switch (event.type) {
      case "state.initial":
        this.#replace(event);
        return true;
      case "state.update":
        this.#update(event);
        return event.more !== true;
      case "heartbeat":
        this.#place(event);
        return true;
      case "state.end":
        return true;
    }
  }

  /** The state has been shown: the next change makes a new object. */
  shown(): void {
    this.#changed = false;
  }

  #replace({ slices, seq }: StateInitialEvent): void {
    this.#state = kept(this.#state, slices) as State;
    this.#changed = true;
    this.#resumed = false;
    this.#start = seq;
    this.#versions.clear();
    this.#applied = seq;
    this.#head = seq;
  }

  #place({ seq, head }: HeartbeatEvent): void {
    if (this.#start === undefined) {
      // Resumed: the server vouches that everything up to here has arrived.
      if (this.#state === undefined) throw new Misfit("it resumes a state that is not there");
      this.#start = seq;
      this.#applied = seq;
      this.#resumed = true;
    }
    this.#head = head;
    if (this.#applied < head && head <= seq) throw new Misfit(`event ${head} is missing`);
  }

  #update(update: StateUpdateEvent): void {
    const { slice, seq, base } = update;
    if (this.#start === undefined || this.#state === undefined) throw new Misfit("a change comes before any state");
    const version = this.#versions.get(slice) ?? this.#start;
    if (seq <= version) return;
    if (base > version) throw new Misfit(`slice "${slice}" is at ${version}, and the change builds on ${base}`);
    const current = Object.hasOwn(this.#state, slice) ? this.#state[slice] : undefined;
    this.#put(slice, next(update, current));
    this.#versions.set(slice, seq);
    this.#applied = seq;
  }

  #put(slice: string, value: Json | undefined): void {
    const state = (this.#changed ? this.#state : { ...this.#state }) as Record<string, Json>;
    if (value === undefined) delete state[slice];
    else setOwn(state, slice, value);
    this.#state = state;
    this.#changed = true;
  }
}

function next(update: StateUpdateEvent, current: Json | undefined): Json | undefined {
  if (update.removed === true) return undefined;
  if (update.value !== undefined) return kept(current, update.value);
  if (current === undefined) throw new Misfit(`slice "${update.slice}" is patched, but not there`);
  if (!Array.isArray(update.patches)) throw new Misfit("a change carries neither patches, nor a value, nor a removal");
  try {
    return applyOperations(current, update.patches, update.slice);
  } catch (cause) {
    throw new Misfit((cause as Error).message);
  }
}

/**
 * The new value, with those parts of the old one that are equal: what did not change is not new to its readers. The new
 * value is ours, fresh from the wire, and is changed.
 */
function kept(before: Json | undefined, after: Json): Json {
  if (typeof after !== "object" || after === null || typeof before !== "object" || before === null) return after;
  if (Array.isArray(after)) {
    if (!Array.isArray(before)) return after;
    let same = after.length === before.length;
    for (let index = 0; index < after.length; index++) {
      after[index] = kept(before[index], after[index] as Json);
      same &&= after[index] === before[index];
    }
    return same ? before : after;
  }
  if (Array.isArray(before)) return after;
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
