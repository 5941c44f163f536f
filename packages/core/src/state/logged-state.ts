import { type Difference, patchDifference, REMOVED, valueDifference } from "../diff/differ.ts";
import type { StateStreamError } from "../support/errors.ts";
import type { Json, Operation } from "../json/types.ts";
import { type Held, jsonOf, rawOf } from "../json/held.ts";
import { jsonEqual } from "../json/equal.ts";
import { guarded, isObject, setOwn } from "../json/json.ts";
import { mayCancelOut } from "../json/operations.ts";
import type { SliceValues } from "../delivery/generation.ts";
import type { LoggedSlice, SliceChange } from "../log/slice-change.ts";
import { isDevelopment, warn } from "../support/warn.ts";
import { Comparison, type ComparisonOptions } from "./comparison.ts";
import { MutationWatch } from "./mutation-watch.ts";
import type { SnapshotMode } from "./source.ts";

export interface LoggedStateOptions extends ComparisonOptions {
  readonly snapshots: SnapshotMode;
  /** Values of another stream, which watches them itself for mutations in place. */
  readonly watched?: WeakSet<object>;
}

/** What is known about a new value. */
export interface ValueHint {
  /** The caller named the slice as changed, so the same object again means a mutation in place. */
  readonly namedByCaller: boolean;
  /** Where the value came from operations on what clients hold. */
  readonly patched?: Patched | undefined;
}

/** Operations on what clients hold of a slice, and the JSON they led to. */
export interface Patched {
  readonly operations: readonly Operation[];
  readonly json: Json;
}

/** The state the log has reached: what new values are compared with, and what snapshots are made of. */
export class LoggedState implements SliceValues<LoggedSlice> {
  readonly #options: LoggedStateOptions;
  readonly #comparison: Comparison;
  readonly #report: (error: StateStreamError) => void;
  readonly #slices = new Map<string, LoggedSlice>();
  /** Slices whose stored value was mutated in place: the next event carries the whole value. */
  readonly #mutated = new Set<string>();
  /** Only in development, and only until it has found something. */
  #watch: MutationWatch | undefined;
  #mutations = 0;

  constructor(options: LoggedStateOptions, report: (error: StateStreamError) => void) {
    this.#options = options;
    this.#comparison = new Comparison(options, report);
    this.#report = report;
    if (options.snapshots === "shared" && isDevelopment()) this.#watch = new MutationWatch(options.watched);
  }

  names(): IterableIterator<string> {
    return this.#slices.keys();
  }

  has(slice: string): boolean {
    return this.#slices.has(slice);
  }

  /** What clients hold of the slice; `undefined` where it is absent. */
  json(slice: string): Json | undefined {
    const logged = this.#slices.get(slice);
    return logged && jsonOf(logged.held);
  }

  /** The same as `toState` has it, which never throws. */
  readable(slice: string): Json | undefined {
    const logged = this.#slices.get(slice);
    return logged && readableOf(logged.held);
  }

  /** How often a stored value was found to have been mutated in place. */
  get mutations(): number {
    return this.#mutations;
  }

  held(): Iterable<readonly [slice: string, held: LoggedSlice]> {
    return this.#slices;
  }

  /**
   * What clients hold of this value, where a patch of theirs can start from it: not where the value is mutated in place,
   * nor where the option `serialize` decides what they see.
   */
  patchableJson(slice: string, value: unknown): Json | undefined {
    const before = this.#slices.get(slice);
    if (before === undefined || before.raw !== value || before.mutable || this.#mutated.has(slice)) return undefined;
    return this.#options.serialize === undefined ? guarded(value, slice, () => jsonOf(before.held)) : undefined;
  }

  /** Notes that a stored value was mutated in place, if this is the value that is stored. */
  markMutated(slice: string, value: unknown): void {
    const before = this.#slices.get(slice);
    if (before !== undefined && before.raw === value && isObject(value) && !before.mutable) this.#addMutated(slice);
  }

  /** The state as clients see it, or these slices of it. */
  toState(names?: Iterable<string>): Record<string, Json> {
    const state: Record<string, Json> = {};
    for (const slice of names ?? this.#slices.keys()) {
      const logged = this.#slices.get(slice);
      if (logged !== undefined) setOwn(state, slice, readableOf(logged.held));
    }
    return state;
  }

  /** The slice's JSON text; `undefined` where it is absent, or unreadable since it was mutated in place (reported). */
  text(slice: string): string | undefined {
    const logged = this.#slices.get(slice);
    return logged && this.textOf(slice, logged);
  }

  /** The JSON text of a value that `held` returned. */
  textOf(slice: string, { held }: LoggedSlice): string | undefined {
    try {
      return guarded(held, slice, () => JSON.stringify(jsonOf(held)));
    } catch (error) {
      this.#addMutated(slice);
      this.#report(error as StateStreamError);
      return undefined;
    }
  }

  /** The change that removes a slice; `undefined` where it is absent. */
  planRemoval(slice: string, hidden: boolean): SliceChange | undefined {
    return this.#slices.has(slice)
      ? { slice, next: undefined, difference: REMOVED, hidden, cause: undefined }
      : undefined;
  }

  /**
   * The change that gives a slice this value; `undefined` where there is nothing to do. Nothing changes before `apply`.
   *
   * @throws {StateStreamError} `not-serializable`
   */
  plan(slice: string, value: unknown, { namedByCaller, patched }: ValueHint): SliceChange | undefined {
    if (value === undefined) return this.planRemoval(slice, false);
    const before = this.#slices.get(slice);
    const same = before !== undefined && before.raw === value;
    if (same && !before.mutable && !(namedByCaller && isObject(value))) return undefined;
    // The same object, named as changed: the value stored by reference is no longer what clients hold.
    if (same && !before.mutable && this.#options.serialize === undefined) this.#addMutated(slice);
    if (patched !== undefined && before !== undefined && !same) {
      const next = { raw: value, held: patched.json, mutable: before.mutable || this.#copies };
      return change(slice, next, this.#patchedDifference(slice, jsonOf(before.held), patched));
    }
    const mutable = this.#copies || before?.mutable === true || same;
    const isShared = !this.#mutated.has(slice);
    const next = this.#comparison.next({ slice, value, before: isShared ? before : undefined, mutable, isShared });
    if (next === undefined) return this.planRemoval(slice, false);
    const { held, difference } = next;
    const isNew = before === undefined && difference !== undefined;
    return change(slice, { raw: value, held, mutable }, isNew ? { ...difference, additive: true } : difference);
  }

  /** Makes a planned change. Runs no user code, so that nobody sees half of a commit. */
  apply({ slice, next }: SliceChange): void {
    this.#mutated.delete(slice);
    if (next === undefined) this.#slices.delete(slice);
    else this.#slices.set(slice, next);
  }

  /** In development, warns once of a shared value that was mutated in place without a notification: nothing was sent for it. */
  warnOfMutations(): void {
    const slice = this.#watch?.check(this.#slices, (name) => this.#mutated.has(name));
    if (slice === undefined) return;
    this.#watch = undefined;
    warn(
      `The value of slice "${slice}" was mutated in place, so nothing was sent for it and clients have an old state. ` +
        'Replace objects instead of changing them (Immer does), or create the stream with snapshots: "copy".',
    );
  }

  /** Sets what clients hold of a slice, from another log; `undefined` removes it. */
  replace(slice: string, json: Json | undefined): void {
    if (json === undefined) this.#slices.delete(slice);
    else this.#slices.set(slice, { raw: json, held: json, mutable: false });
  }

  /** Removes every slice. */
  clear(): void {
    this.#slices.clear();
    this.#mutated.clear();
  }

  #addMutated(slice: string): void {
    this.#mutated.add(slice);
    this.#mutations++;
  }

  get #copies(): boolean {
    return this.#options.snapshots === "copy";
  }

  #patchedDifference(slice: string, before: Json, { operations, json }: Patched): Difference | undefined {
    if (this.#mutated.has(slice)) return valueDifference(json);
    // A single operation that changes nothing returns the same object, so a deep comparison is not needed.
    const unchanged = before === json || (mayCancelOut(operations) && jsonEqual(before, json));
    return unchanged ? undefined : patchDifference(operations, before, json);
  }
}

/** JSON, or the value itself where that was mutated in place and cannot be read any more. */
function readableOf(held: Held): Json {
  try {
    return jsonOf(held);
  } catch {
    return rawOf(held) as Json;
  }
}

function change(slice: string, next: LoggedSlice, difference: Difference | undefined): SliceChange {
  return { slice, next, difference, hidden: false, cause: undefined };
}
