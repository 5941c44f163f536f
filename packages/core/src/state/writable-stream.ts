import { StateStreamError } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import type { Operation } from "../json/types.ts";
import { copyJson, isRecord } from "../json/json.ts";
import { Growth } from "../json/growth.ts";
import { applyOperations } from "../json/operations.ts";
import { strictOf } from "../diff/strict.ts";
import type { NamedSlice, Publisher, StateReader } from "./publisher.ts";
import type { Patched } from "./logged-state.ts";
import { type BaseStateStream, checkState, type StateStream } from "./state-stream.ts";
import { Turn } from "./turn.ts";

/**
 * A stream that owns its state. A call that throws has changed nothing, but for `batch`. Values are held by reference:
 * give new ones rather than changing them in place, or ask for `snapshots: "copy"`.
 */
export interface WritableStateStream<S extends object = Record<string, unknown>> extends StateStream<S> {
  /**
   * Sets a slice to a value, or to what a function makes of its value; `undefined` removes it. The same object again
   * counts as changed in place: it is sent whole, and copied from then on.
   *
   * @throws {StateStreamError} `not-serializable` and `slices-failed` without `onError`; `invalid-option`, `stream-closed`
   */
  set<K extends keyof S & string>(
    slice: K,
    value: S[K] | undefined | ((value: S[K]) => S[K] | undefined),
    cause?: Cause,
  ): void;
  /**
   * Applies a JSON Patch (RFC 6902) to a slice; paths are relative to it. Nothing is compared: the cost is the paths.
   * All operations or none. The slice becomes what JSON carries of it.
   *
   * @throws {StateStreamError} `unknown-slice`, `invalid-patch`, and what `set` throws
   */
  patch(slice: keyof S & string, operations: readonly Operation[], cause?: Cause): void;
  /** Removes a slice; does nothing when it is absent. Throws what `set` throws. */
  remove(slice: keyof S & string, cause?: Cause): void;
  /**
   * Makes one commit of the changes inside: each slice is compared once, at the end, and clients notify once. Until then
   * `state` and snapshots are what they were. Nested batches join the outer one. If `fn` throws, what it did until then
   * is kept, and the error thrown on.
   *
   * @throws {StateStreamError} `async-batch` when `fn` is async: only what it did before its first await is in the commit.
   */
  batch(fn: () => void, cause?: Cause): void;
}

interface Pending extends NamedSlice {
  readonly value: unknown;
}

type Changes = Map<string, Pending>;

/** The state that a stream owns, and the calls that change and publish it. */
export class OwnState<S extends object> {
  readonly #stream: BaseStateStream<S>;
  readonly #publisher: Publisher<S>;
  readonly #values: Map<string, unknown>;
  readonly #reader: StateReader<S>;
  readonly #throws: boolean;
  readonly #turn = new Turn();
  /** The changes of the batch under way. */
  #batch: Changes | undefined;

  constructor(stream: BaseStateStream<S>, publisher: Publisher<S>, initialState: S) {
    checkState(initialState, "The option initialState");
    this.#stream = stream;
    this.#publisher = publisher;
    this.#throws = stream.settings.onError === undefined;
    this.#values = new Map(Object.entries(initialState));
    this.#reader = {
      get: (slice) => this.#values.get(slice),
      names: () => this.#values.keys(),
      // As entries, so that no name of a slice is taken for a prototype.
      whole: () => Object.fromEntries(this.#values) as S,
    };
    const [failure] = publisher.begin(this.#reader);
    if (failure !== undefined) throw failure;
  }

  /** Makes the stream a `WritableStateStream`. */
  addMethodsTo(stream: BaseStateStream<S>): void {
    const methods: Pick<WritableStateStream<S>, "set" | "patch" | "remove" | "batch"> = {
      set: (slice, value, cause) => this.set(slice, value, cause),
      patch: (slice, operations, cause) => this.patch(slice, operations, cause),
      remove: (slice, cause) => this.remove(slice, cause),
      batch: (fn, cause) => this.batch(fn, cause),
    };
    Object.assign(stream, methods);
  }

  set(slice: string, value: unknown, cause?: Cause): void {
    this.#change(slice, cause, (changes) => {
      const next: unknown = typeof value === "function" ? value(this.#current(changes, slice)) : value;
      // Also where the same batch goes on to give another: that is compared with what clients have.
      this.#stream.logged.markMutated(slice, next);
      changes.set(slice, { value: next, cause });
    });
  }

  remove(slice: string, cause?: Cause): void {
    this.#change(slice, cause, (changes) => changes.set(slice, { value: undefined, cause }));
  }

  patch(slice: string, operations: readonly Operation[], cause?: Cause): void {
    this.#change(slice, cause, (changes) => {
      const value = this.#current(changes, slice);
      if (value === undefined) {
        throw new StateStreamError("unknown-slice", `There is no slice "${slice}" to patch; set it first.`, { slice });
      }
      const patched = this.#patched(changes, slice, value, operations);
      if (patched.value !== value) changes.set(slice, { ...patched, cause });
    });
  }

  batch(fn: () => void, cause?: Cause): void {
    this.#check(cause);
    if (this.#batch !== undefined) return refuseAsync(fn());
    this.#turn.run(() => {
      const changes: Changes = new Map();
      let result: unknown;
      this.#batch = changes;
      try {
        result = fn();
      } catch (error) {
        this.#batch = undefined;
        // The caller gets its own error; what else went wrong is told aside.
        for (const failure of this.#commit(changes, cause)) this.#stream.report(failure);
        throw error;
      }
      this.#batch = undefined;
      this.#fail(this.#commit(changes, cause));
      refuseAsync(result);
    });
  }

  /** Runs `first` between two changes, then publishes every slice that differs from the logged state. */
  republish(first: () => void): void {
    this.#turn.run(() => {
      first();
      for (const failure of this.#publisher.publish(this.#reader, { named: undefined, cause: undefined }))
        this.#stream.report(failure);
    });
  }

  #change(slice: string, cause: Cause | undefined, apply: (changes: Changes) => void): void {
    this.#check(cause);
    if (typeof slice !== "string")
      throw new StateStreamError("invalid-option", "The name of a slice must be a string.");
    if (this.#batch !== undefined) return apply(this.#batch);
    this.#turn.run(() => {
      const changes: Changes = new Map();
      apply(changes);
      this.#fail(this.#commit(changes, undefined));
    });
  }

  #check(cause: Cause | undefined): void {
    if (this.#stream.closing !== undefined)
      throw new StateStreamError("stream-closed", "The stream is closed; make a new one.");
    if (cause === undefined || (isRecord(cause) && typeof cause.type === "string")) return;
    throw new StateStreamError(
      "invalid-option",
      "A cause must be an object with a type: { type: string, id?, payload? }.",
    );
  }

  #current(changes: Changes, slice: string): unknown {
    const change = changes.get(slice);
    return change === undefined ? this.#values.get(slice) : change.value;
  }

  /** The slice after the operations; with them, where they build on what clients hold. */
  #patched(changes: Changes, slice: string, value: unknown, operations: readonly Operation[]): Pending {
    const own = cloneOperations(operations, slice);
    const earlier: Patched | undefined = changes.get(slice)?.patched;
    const basis = changes.has(slice) ? earlier?.json : this.#stream.logged.patchableJson(slice, value);
    const before = basis ?? copyJson(value, slice) ?? null;
    const json = applyOperations(before, own, slice, new Growth());
    if (basis === undefined) return { value: json };
    // `test` was for us: clients need not repeat it.
    const sent = strictOf(
      own.filter(({ op }) => op !== "test"),
      before,
    );
    return { value: json, patched: { operations: [...(earlier?.operations ?? []), ...sent], json } };
  }

  /** Publishes the changes; a slice that cannot be sent keeps its previous value, in our state too. */
  #commit(changes: Changes, cause: Cause | undefined): StateStreamError[] {
    const previous = new Map<string, unknown>();
    for (const [slice, { value }] of changes) {
      previous.set(slice, this.#values.get(slice));
      this.#put(slice, value);
    }
    const failures = this.#publisher.publish(this.#reader, { named: changes, cause }, ({ slice }) => {
      for (const [name, value] of previous) if (slice === undefined || slice === name) this.#put(name, value);
    });
    // A slice that only became visible is no fault of this call's.
    const others = failures.filter(({ slice }) => slice !== undefined && !previous.has(slice));
    for (const failure of others) this.#stream.report(failure);
    return failures.filter((failure) => !others.includes(failure));
  }

  #put(slice: string, value: unknown): void {
    if (value === undefined) this.#values.delete(slice);
    else this.#values.set(slice, value);
  }

  #fail(failures: readonly StateStreamError[]): void {
    const [first, ...others] = failures;
    if (first === undefined) return;
    for (const failure of this.#throws ? others : failures) this.#stream.report(failure);
    if (this.#throws) throw first;
  }
}

/** A copy that nobody else changes, as JSON carries it. */
function cloneOperations(operations: readonly Operation[], slice: string): Operation[] {
  if (!Array.isArray(operations)) {
    throw new StateStreamError("invalid-patch", `The patch of slice "${slice}" must be a list of operations.`, {
      slice,
    });
  }
  return copyJson(operations, slice) as unknown as Operation[];
}

function refuseAsync(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return;
  throw new StateStreamError(
    "async-batch",
    "batch was given an async function: only what it did before its first await is one commit. Await first, then batch.",
  );
}
