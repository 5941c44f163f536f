import { type Compare, type Difference, patchDifference, REMOVED, valueDifference } from "../diff/differ.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import type { Json, Operation } from "../json/types.ts";
import { jsonEqual } from "../json/equal.ts";
import { copyJson, guarded, isObject, setOwn, toJson } from "../json/json.ts";
import { mayCancelOut } from "../json/operations.ts";
import type { SnapshotMode } from "./source.ts";

/** Turns a slice's value into JSON text. What it leaves out is never sent; what it gives must parse. */
export type Serialize = (value: unknown, slice: string) => string;

export interface SliceOptions {
  readonly snapshots: SnapshotMode;
  readonly compare: Compare;
  readonly serialize: Serialize | undefined;
}

/** A slice as the log last told it. */
interface Held {
  /** What the source gave; compared by identity, and what `json` may share objects with. */
  readonly raw: unknown;
  /** What clients hold. */
  readonly json: Json;
  /** Whether the source changes this value in place, so that its identity says nothing. */
  readonly mutable: boolean;
  /** Whether `json` came of operations that a source brought, and was never compared with `raw`. */
  readonly unproven: boolean;
}

interface Next {
  readonly json: Json;
  /** The operations that lead to it, where they are known. */
  readonly operations: readonly Operation[] | undefined;
  readonly held: Held;
}

/** A slice about to be moved. */
export interface Step {
  readonly slice: string;
  /** `undefined` when it goes. */
  readonly next: Next | undefined;
  /** What clients are told; `undefined` when nothing changed in JSON terms. */
  readonly difference: Difference | undefined;
}

/** What is known of a change besides the new value. */
export interface Hint {
  /** The slice was named as changed, so the same object again means a change in place. */
  readonly named: boolean;
  /** The operations that lead from the held JSON to the next, and that. */
  readonly patched?: Patched | undefined;
}

export interface Patched {
  readonly operations: readonly Operation[];
  readonly json: Json;
}

/**
 * The state the log has reached: what the differ compares with and what snapshots are made of.
 */
export class Slices {
  readonly #options: SliceOptions;
  readonly #report: (error: StateStreamError) => void;
  readonly #held = new Map<string, Held>();
  /** Slices whose held value a change in place has spoilt: the next event must not build on it. */
  readonly #spoilt = new Set<string>();
  /** Slices whose last change failed: operations that follow do not build on what is held. */
  readonly #behind = new Set<string>();

  constructor(options: SliceOptions, report: (error: StateStreamError) => void) {
    this.#options = options;
    this.#report = report;
  }

  names(): IterableIterator<string> {
    return this.#held.keys();
  }

  has(slice: string): boolean {
    return this.#held.has(slice);
  }

  /**
   * The JSON that clients hold of this value, where operations may build on it: not where the value changes in place, nor
   * where `serialize` decides what clients see.
   */
  basis(slice: string, value: unknown): Json | undefined {
    const held = this.#held.get(slice);
    if (held === undefined || held.raw !== value || held.mutable || held.unproven) return undefined;
    if (this.#spoilt.has(slice)) return undefined;
    return this.#options.serialize === undefined ? held.json : undefined;
  }

  /** This value was changed in place and named: what is held of it by reference is not what clients have any more. */
  spoil(slice: string, value: unknown): void {
    const held = this.#held.get(slice);
    if (held !== undefined && held.raw === value && isObject(value) && !held.mutable) this.#spoilt.add(slice);
  }

  /** The JSON that clients hold, for operations a source brings; `undefined` where `serialize` decides what they see. */
  json(slice: string): Json | undefined {
    const usable = this.#options.serialize === undefined && !this.#spoilt.has(slice) && !this.#behind.has(slice);
    return usable ? this.#held.get(slice)?.json : undefined;
  }

  /** The state as clients see it. */
  toState(): Record<string, Json> {
    const state: Record<string, Json> = {};
    for (const [slice, { json }] of this.#held) setOwn(state, slice, json);
    return state;
  }

  /** The slice's JSON text, or `undefined` where it is absent, or was spoilt by a change in place (reported). */
  text(slice: string): string | undefined {
    const held = this.#held.get(slice);
    if (held === undefined) return undefined;
    try {
      return guarded(held.json, slice, () => JSON.stringify(held.json));
    } catch (error) {
      this.#spoilt.add(slice);
      this.#report(error as StateStreamError);
      return undefined;
    }
  }

  /**
   * Finds out what a slice's next value is and what happened to it; nothing is moved until the step is given to `move`.
   * `undefined` as the value means absent; as the answer, that there is nothing to do.
   *
   * @throws {StateStreamError} `not-serializable`
   */
  step(slice: string, value: unknown, hint: Hint): Step | undefined {
    const before = this.#held.get(slice);
    if (value === undefined) return before && { slice, next: undefined, difference: REMOVED };
    const same = before?.raw === value;
    // What came of operations shares nothing with the value, so it can be compared with that.
    const inPlace = same && hint.named && !before.unproven && isObject(value);
    if (before !== undefined && same && !before.mutable && !inPlace && !before.unproven) return undefined;
    try {
      const next = this.#next(slice, value, before, { same, inPlace, patched: hint.patched });
      if (next === undefined) return before && { slice, next, difference: REMOVED };
      return {
        slice,
        next,
        difference: guarded(next.json, slice, () => this.#difference(slice, before, next, inPlace)),
      };
    } catch (error) {
      // What is held was the value itself, and is not what clients have any more.
      if (inPlace && before?.mutable === false) this.#spoilt.add(slice);
      this.#behind.add(slice);
      throw error;
    }
  }

  /** Moves a slice. Asks nobody anything, so that no one can look at a half of a commit. */
  move({ slice, next }: Step): void {
    this.#spoilt.delete(slice);
    this.#behind.delete(slice);
    if (next === undefined) this.#held.delete(slice);
    else this.#held.set(slice, next.held);
  }

  /** Takes a slice's JSON as another log tells it; `undefined` when it is gone. */
  put(slice: string, json: Json | undefined): void {
    if (json === undefined) this.#held.delete(slice);
    else this.#held.set(slice, { raw: json, json, mutable: false, unproven: false });
  }

  /** Forgets every slice, and what went wrong with it. */
  clear(): void {
    this.#held.clear();
    this.#spoilt.clear();
    this.#behind.clear();
  }

  #next(
    slice: string,
    value: unknown,
    before: Held | undefined,
    { same, inPlace, patched }: { same: boolean; inPlace: boolean; patched: Patched | undefined },
  ): Next | undefined {
    const { snapshots, serialize } = this.#options;
    const mutable = snapshots === "copy" || before?.mutable === true || inPlace;
    if (patched !== undefined && before !== undefined && !same) {
      // Operations are believed until the value is looked at for another reason.
      const unproven = patched.json !== value;
      return {
        json: patched.json,
        operations: patched.operations,
        held: { raw: value, json: patched.json, mutable, unproven },
      };
    }
    const known = before === undefined || before.unproven || this.#spoilt.has(slice) ? undefined : before;
    let json: Json | undefined;
    if (serialize !== undefined) json = parseSerialized(value, slice, serialize);
    else json = mutable ? copyJson(value, slice) : toJson(value, slice, known);
    if (json === undefined) return undefined;
    return { json, operations: undefined, held: { raw: value, json, mutable, unproven: false } };
  }

  #difference(slice: string, before: Held | undefined, next: Next, inPlace: boolean): Difference | undefined {
    const { json, operations } = next;
    if (before === undefined || this.#spoilt.has(slice)) return valueDifference(json);
    // What was held is the source's own object, changed under us: there is nothing left to compare with.
    if (inPlace && !before.mutable && this.#options.serialize === undefined) return valueDifference(json);
    if (operations !== undefined) {
      // One operation that changes nothing gives the same document: it need not be looked for.
      const same = before.json === json || (mayCancelOut(operations) && jsonEqual(before.json, json));
      return same ? undefined : patchDifference(operations, json);
    }
    try {
      return this.#options.compare(before.json, json);
    } catch (cause) {
      const message = withCause(`The differ threw on slice "${slice}"`, cause, "The value was sent instead.");
      this.#report(new StateStreamError("differ-failed", message, { slice, cause }));
      return valueDifference(json);
    }
  }
}

function parseSerialized(value: unknown, slice: string, serialize: Serialize): Json {
  let json: unknown;
  try {
    json = JSON.parse(serialize(value, slice));
  } catch (cause) {
    const failed = `The option serialize gave no JSON for slice "${slice}"`;
    const message = withCause(failed, cause, "The slice keeps its previous value.");
    throw new StateStreamError("not-serializable", message, { slice, cause });
  }
  // Text may have what JSON.stringify never writes again, such as 1e999.
  return toJson(json, slice) as Json;
}
