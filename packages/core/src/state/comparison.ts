import { type Compare, type Difference, type Step, valueDifference } from "../diff/differ.ts";
import { jsonFrom } from "../diff/structural-differ.ts";
import { type Held, jsonOf } from "../json/held.ts";
import { objectsInherit } from "../json/inherited.ts";
import { copyJson, guarded, isObject, toJson } from "../json/json.ts";
import type { Json } from "../json/types.ts";
import type { LoggedSlice } from "../log/slice-change.ts";
import { StateStreamError, withCause } from "../support/errors.ts";

/** Turns a slice's value into JSON text, which must parse. What it leaves out is never sent. */
export type Serialize = (value: unknown, slice: string) => string;

export interface ComparisonOptions {
  readonly compare: Compare;
  readonly serialize: Serialize | undefined;
  /** The JSON of values that several streams hold, so that each value is read once for all of them. */
  readonly sharedJson?: WeakMap<object, Json>;
}

/** A value of a slice. */
interface Given {
  readonly slice: string;
  readonly value: unknown;
  /** What it is compared with. Without it, the change is the value. */
  readonly before: LoggedSlice | undefined;
  /** Whether a copy of it is to be held, since it is mutated in place. */
  readonly mutable: boolean;
  /** Whether other streams have the same JSON of it. */
  readonly isShared: boolean;
}

/** Finds what JSON carries of slices' values, and what changed of them. */
export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #report: (error: StateStreamError) => void;

  constructor(options: ComparisonOptions, report: (error: StateStreamError) => void) {
    this.#options = options;
    this.#report = report;
  }

  /**
   * What is held of a value, and what changed; `undefined` where JSON leaves it out.
   *
   * @throws {StateStreamError} `not-serializable`
   */
  next(given: Given): Step | undefined {
    const { compare, serialize } = this.#options;
    const { slice, value, before } = given;
    if (compare.step !== undefined && serialize === undefined && before !== undefined && !given.mutable) {
      try {
        const step = compare.step(before.held, value, slice);
        if (step !== undefined) return step;
      } catch {
        // Either value may be the unreadable one; it is found out which by reading the new one alone.
      }
    }
    const json = this.#json(given);
    if (json === undefined) return undefined;
    const difference =
      before === undefined
        ? guarded(json, slice, () => valueDifference(json))
        : this.#difference(slice, before.held, json);
    return { held: json, difference };
  }

  #json({ slice, value, before, mutable, isShared }: Given): Json | undefined {
    const { serialize, sharedJson } = this.#options;
    if (serialize !== undefined) return parseSerialized(value, slice, serialize);
    if (mutable) return copyJson(value, slice);
    const known = isShared ? sharedJson?.get(value as object) : undefined;
    if (known !== undefined) return known;
    const json = normalized(value, slice, before);
    if (isShared && isObject(value) && json !== undefined) sharedJson?.set(value, json);
    return json;
  }

  #difference(slice: string, held: Held, json: Json): Difference | undefined {
    let before: Json | undefined;
    try {
      before = jsonOf(held);
      return this.#options.compare(before, json);
    } catch (cause) {
      // The differ's failure is reported only where both of its arguments can be read.
      if (before !== undefined && isReadable(before) && isReadable(json)) {
        const message = withCause(`The differ threw on slice "${slice}"`, cause, "The value was sent instead.");
        this.#report(new StateStreamError("differ-failed", message, { slice, cause }));
      }
      return guarded(json, slice, () => valueDifference(json));
    }
  }
}

function normalized(value: unknown, slice: string, before: LoggedSlice | undefined): Json | undefined {
  try {
    if (before !== undefined && !objectsInherit()) return jsonFrom(before.held, value, slice);
  } catch {
    // The previous value may be the unreadable one, such as a revoked draft; the new value must not be rejected for it.
  }
  return toJson(value, slice);
}

function isReadable(json: Json): boolean {
  try {
    JSON.stringify(json);
    return true;
  } catch {
    return false;
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
  // The text may contain what JSON.stringify never writes, such as 1e999.
  return toJson(json, slice) as Json;
}
