import { type Difference, type Differ, differenceOf, patchDifference, REMOVED, valueDifference } from "./differ.ts";
import { StateStreamError, textOf } from "./errors.ts";
import type { Json, Operation } from "./events.ts";
import { copyJson, guarded, setOwn, toJson } from "./json.ts";
import type { SnapshotMode } from "./source.ts";

/** Turns a slice's value into JSON text. What it leaves out is never sent; what it gives must parse. */
export type Serialize = (value: unknown, slice: string) => string;

export interface SliceOptions {
  readonly snapshots: SnapshotMode;
  readonly differ: Differ;
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
 * The state the log has reached: what the differ compares with and what snapshots are made of. An update moves its slice,
 * or throws and leaves it as it was.
 */
export class Slices {
  readonly #options: SliceOptions;
  readonly #report: (error: StateStreamError) => void;
  readonly #held = new Map<string, Held>();
  /** Slices whose held value a change in place has spoilt: the next event must not build on it. */
  readonly #spoilt = new Set<string>();

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
    if (held === undefined || held.raw !== value || held.mutable || this.#spoilt.has(slice)) return undefined;
    return this.#options.serialize === undefined ? held.json : undefined;
  }

  /** The JSON that clients hold, for operations a source brings; `undefined` where `serialize` decides what they see. */
  json(slice: string): Json | undefined {
    const usable = this.#options.serialize === undefined && !this.#spoilt.has(slice);
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
   * Moves a slice to its next value and says what happened to it; `undefined` as the value means absent.
   *
   * @throws {StateStreamError} `not-serializable`
   */
  update(slice: string, value: unknown, hint: Hint): Difference | undefined {
    const before = this.#held.get(slice);
    const inPlace = before?.raw === value && hint.named && typeof value === "object" && value !== null;
    if (before !== undefined && before.raw === value && !before.mutable && !inPlace) return undefined;

    const next = value === undefined ? undefined : this.#next(slice, value, before, inPlace, hint);
    if (next === undefined) {
      this.#spoilt.delete(slice);
      return this.#held.delete(slice) ? REMOVED : undefined;
    }
    const difference = guarded(next.json, slice, () => this.#difference(slice, before, next, inPlace, hint));
    this.#spoilt.delete(slice);
    this.#held.set(slice, next);
    return difference;
  }

  #next(slice: string, value: unknown, before: Held | undefined, inPlace: boolean, hint: Hint): Held | undefined {
    const { snapshots, serialize } = this.#options;
    const mutable = snapshots === "copy" || before?.mutable === true || inPlace;
    if (hint.patched !== undefined && before !== undefined) return { raw: value, json: hint.patched.json, mutable };
    const known = this.#spoilt.has(slice) || inPlace ? undefined : before;
    let json: Json | undefined;
    if (serialize !== undefined) json = parseSerialized(value, slice, serialize);
    else json = mutable ? copyJson(value, slice) : toJson(value, slice, known);
    return json === undefined ? undefined : { raw: value, json, mutable };
  }

  #difference(
    slice: string,
    before: Held | undefined,
    next: Held,
    inPlace: boolean,
    hint: Hint,
  ): Difference | undefined {
    if (before === undefined || this.#spoilt.has(slice)) return valueDifference(next.json);
    // What was held is the source's own object, changed under us: there is nothing left to compare with.
    if (inPlace && !before.mutable && this.#options.serialize === undefined) return valueDifference(next.json);
    if (hint.patched !== undefined) {
      return before.json === next.json ? undefined : patchDifference(hint.patched.operations, next.json);
    }
    try {
      return differenceOf(before.json, next.json, this.#options.differ);
    } catch (cause) {
      const message = `The differ threw on slice "${slice}": ${textOf(cause)}. The value was sent instead.`;
      this.#report(new StateStreamError("differ-failed", message, { slice, cause }));
      return valueDifference(next.json);
    }
  }
}

function parseSerialized(value: unknown, slice: string, serialize: Serialize): Json {
  try {
    return JSON.parse(serialize(value, slice)) as Json;
  } catch (cause) {
    const message = `The option serialize gave no JSON for slice "${slice}": ${textOf(cause)}. The slice keeps its previous value.`;
    throw new StateStreamError("not-serializable", message, { slice, cause });
  }
}
