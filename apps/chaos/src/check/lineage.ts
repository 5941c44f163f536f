import type { Json } from "@statestream/core";
import { readCheckpointBody, readEntryBody } from "../entry-body.ts";
import type { Checkpoint, Entry, Position } from "../facts.ts";
import { withUpdate } from "../plain-replica.ts";
import { canonical, hashOf } from "../state.ts";
import type { Findings } from "./findings.ts";

type State = Readonly<Record<string, Json>>;

/** `<epoch>.<seq>`, seq in decimal. */
export type Key = string;

export const keyOf = ({ epoch, seq }: Position): Key => `${epoch}.${seq}`;

/** An event ID, taken apart. */
export function keyOfId(id: string): Key {
  const [epoch = "", seq = ""] = id.split(".");
  return keyOf({ epoch, seq: Number.parseInt(seq, 36) });
}

/** Whether an event ID is open: inside a commit with net events, where a client holds no state of the log. */
export function isOpenId(id: string): boolean {
  return id.endsWith(".-");
}

export const seqOf = (key: Key): number => Number(key.split(".")[1]);

interface Place {
  readonly hash: string;
  /** What the event builds on; `undefined` where the log begins. */
  readonly parent: Key | undefined;
  /** Ends a commit. */
  readonly whole: boolean;
  /** Its commit's body, to see that nobody made another one under the same name. */
  readonly body: string | undefined;
}

/** Every state that any writer has made, by position: a tree, replayed from what the writers logged. */
export class Lineage {
  readonly #places = new Map<Key, Place>();
  /** The states of positions that others may build on. */
  readonly #states = new Map<Key, State>();
  readonly #waiting: Entry[] = [];
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** The hash of the state at a position; `undefined` for one that nobody has made. */
  hash(key: Key): string | undefined {
    return this.#places.get(key)?.hash;
  }

  state(key: Key): State | undefined {
    return this.#states.get(key);
  }

  /** What the event at this position builds on. */
  parent(key: Key): Key | undefined {
    return this.#places.get(key)?.parent;
  }

  get size(): number {
    return this.#places.size;
  }

  /** The position and all it builds on, newest first. */
  *upFrom(key: Key | undefined): Generator<Key> {
    for (let at = key; at !== undefined && this.#places.has(at); at = this.parent(at)) yield at;
  }

  add(entry: Entry): void {
    if (!this.#place(entry)) this.#waiting.push(entry);
    // What came in another order than it was made in.
    for (let placed = true; placed;) {
      placed = false;
      for (const [index, waiting] of this.#waiting.entries()) {
        if (!this.#place(waiting)) continue;
        this.#waiting.splice(index, 1);
        placed = true;
        break;
      }
    }
  }

  /** The state as a writer says that it is at a position. */
  addCheckpoint({ position, body }: Checkpoint, evidence: string): void {
    const key = keyOf(position);
    const state = readCheckpointBody(body);
    const known = this.#places.get(key);
    const hash = hashOf(state);
    this.#findings.checked("I2");
    if (known === undefined) {
      this.#places.set(key, { hash, parent: undefined, whole: true, body: undefined });
      this.#states.set(key, state);
    } else if (known.hash !== hash) {
      this.#findings.violation("I2", `the checkpoint at ${key} is another state than its entries make`, evidence);
    }
  }

  /** Entries whose base nobody has made. */
  get unplaced(): readonly Entry[] {
    return this.#waiting;
  }

  #place(entry: Entry): boolean {
    const { epoch, previous, first, last, body } = entry;
    const end = keyOf({ epoch, seq: last });
    const known = this.#places.get(end);
    let parent: Key = keyOf({ epoch: previous, seq: first - 1 });
    if (known !== undefined && (known.body !== undefined || !known.whole)) {
      this.#findings.checked("I1");
      if (known.body !== body || this.#baseOf(entry) !== parent) {
        const theirs = canonical({ previous, first, last, body });
        this.#findings.violation("I1", `two contents were given the position ${end}`, `${known.body}\n${theirs}`);
      }
      return true;
    }
    let state = this.#states.get(parent);
    if (state === undefined) return false;
    const events = readEntryBody(body);
    for (const [index, event] of events.entries()) {
      const key = keyOf({ epoch, seq: first + index });
      try {
        state = withUpdate(state, event);
      } catch (error) {
        this.#findings.violation("I2", `the entry ${end} does not apply to ${parent}: ${String(error)}`, body);
        return true;
      }
      const whole = first + index === last;
      this.#places.set(key, { hash: hashOf(state), parent, whole, body: whole ? body : undefined });
      parent = key;
    }
    if (events.length !== last - first + 1) {
      this.#findings.violation("I2", `the entry ${end} has ${events.length} events, not ${last - first + 1}`, body);
    }
    if (known !== undefined && known.hash !== this.hash(end)) {
      this.#findings.violation("I2", `the checkpoint at ${end} is another state than its entries make`, body);
    }
    this.#states.set(end, state);
    return true;
  }

  #baseOf({ epoch, first, last }: Entry): Key | undefined {
    let at: Key | undefined = keyOf({ epoch, seq: last });
    for (let seq = last; seq >= first && at !== undefined; seq--) at = this.parent(at);
    return at;
  }
}
