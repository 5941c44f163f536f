import { invalidOption, StateStreamError } from "../support/errors.ts";
import type { Cause } from "../protocol/events.ts";
import type { Operation } from "../json/types.ts";
import { copyJson, isRecord } from "../json/json.ts";
import { Growth } from "../json/growth.ts";
import { applyOperations } from "../json/operations.ts";
import { joinAppends } from "../diff/compose.ts";
import { strictOf } from "../diff/strict.ts";
import type { NamedSlice, Publisher, StateReader } from "./publisher.ts";
import type { Patched } from "./logged-state.ts";
import { checkState } from "./check-state.ts";
import type { BaseStateStream } from "./state-stream.ts";
import type { WritableStateStream } from "./writable-stream.ts";

interface Pending extends NamedSlice {
  readonly value: unknown;
}

type Changes = Map<string, Pending>;

type Updater = (value: unknown) => unknown;

/** The state that a stream owns, and the calls that change and publish it. */
export class OwnState<S extends object> {
  readonly #stream: BaseStateStream<S>;
  readonly #publisher: Publisher<S>;
  readonly #values: Map<string, unknown>;
  readonly #reader: StateReader<S>;
  readonly #throws: boolean;
  /** The changes of the running batch. */
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
      // From entries: assigning to a slice called `__proto__` would set the prototype.
      whole: () => Object.fromEntries(this.#values) as S,
    };
    const [failure] = publisher.begin(this.#reader);
    if (failure !== undefined) throw failure;
  }

  /** Makes the stream a `WritableStateStream`. */
  addMethodsTo(stream: BaseStateStream<S>): void {
    const methods: Pick<WritableStateStream<S>, "set" | "patch" | "append" | "remove" | "batch"> = {
      set: (slice, value, cause) => this.set(slice, value, cause),
      patch: (slice, operations, cause) => this.patch(slice, operations, cause),
      append: (slice, path, text, cause) => this.append(slice, path, text, cause),
      remove: (slice, cause) => this.remove(slice, cause),
      batch: (fn, cause) => this.batch(fn, cause),
    };
    Object.assign(stream, methods);
  }

  set(slice: string, value: unknown, cause?: Cause): void {
    this.#change(slice, cause, (changes) => {
      const next =
        typeof value === "function" ? updated(value as Updater, slice, this.#current(changes, slice)) : value;
      // Also where the same batch sets another value later: that one is compared with what clients have.
      this.#stream.logged.markMutated(slice, next);
      changes.set(slice, { value: next, cause });
    });
  }

  remove(slice: string, cause?: Cause): void {
    this.#change(slice, cause, (changes) => changes.set(slice, { value: undefined, cause }));
  }

  patch(slice: string, operations: readonly Operation[], cause?: Cause): void {
    this.#apply(slice, () => cloneOperations(operations, slice), cause);
  }

  append(slice: string, path: string, text: string, cause?: Cause): void {
    this.#apply(slice, () => [{ op: "append", path, value: text }], cause);
  }

  #apply(slice: string, operations: () => readonly Operation[], cause: Cause | undefined): void {
    this.#change(slice, cause, (changes) => {
      const value = this.#current(changes, slice);
      if (value === undefined) {
        throw new StateStreamError("unknown-slice", `There is no slice "${slice}" to change; set it first.`, { slice });
      }
      const patched = this.#patched(changes, slice, value, operations());
      if (patched.value !== value) changes.set(slice, { ...patched, cause });
    });
  }

  batch(fn: () => void, cause?: Cause): void {
    this.#check(cause);
    if (this.#batch !== undefined) return refuseAsync(fn());
    this.#stream.turn.run(() => {
      this.#checkOpen();
      const changes: Changes = new Map();
      let result: unknown;
      this.#batch = changes;
      try {
        result = fn();
      } catch (error) {
        this.#batch = undefined;
        // The caller gets its own error; failures of the commit are reported beside it.
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
    this.#stream.turn.run(() => {
      first();
      for (const failure of this.#publisher.publish(this.#reader, { named: undefined, cause: undefined }))
        this.#stream.report(failure);
    });
  }

  #change(slice: string, cause: Cause | undefined, apply: (changes: Changes) => void): void {
    this.#check(cause);
    if (typeof slice !== "string") throw invalidOption("The name of a slice must be a string.");
    if (this.#batch !== undefined) return apply(this.#batch);
    this.#stream.turn.run(() => {
      this.#checkOpen();
      const changes: Changes = new Map();
      apply(changes);
      this.#fail(this.#commit(changes, undefined));
    });
  }

  /** A change queued behind another can find the stream closed by then. */
  #checkOpen(): void {
    if (this.#stream.closing === undefined) return;
    throw new StateStreamError("stream-closed", "The stream is closed and takes no more changes; create a new one.");
  }

  #check(cause: Cause | undefined): void {
    this.#checkOpen();
    if (cause === undefined || (isRecord(cause) && typeof cause.type === "string")) return;
    throw invalidOption("A cause must be an object with a type: { type: string, id?, payload? }.");
  }

  #current(changes: Changes, slice: string): unknown {
    const change = changes.get(slice);
    return change === undefined ? this.#values.get(slice) : change.value;
  }

  /** The slice after the operations, and the operations themselves where they apply to the JSON that clients hold. */
  #patched(changes: Changes, slice: string, value: unknown, operations: readonly Operation[]): Pending {
    const earlier: Patched | undefined = changes.get(slice)?.patched;
    const basis = changes.has(slice) ? earlier?.json : this.#stream.logged.patchableJson(slice, value);
    const before = basis ?? copyJson(value, slice) ?? null;
    const growth = new Growth();
    const json = applyOperations(before, operations, slice, growth);
    if (basis === undefined) return { value: json };
    // A `test` has done its work here: clients need not repeat it.
    const needed = operations.filter(({ op }) => op !== "test");
    const sent = growth.splits ? strictOf(needed, before) : needed;
    return { value: json, patched: { operations: joinAppends(earlier?.operations ?? [], sent), json } };
  }

  /** Publishes the changes; a slice that cannot be sent keeps its previous value here too. */
  #commit(changes: Changes, cause: Cause | undefined): readonly StateStreamError[] {
    const previous = new Map<string, unknown>();
    for (const [slice, { value }] of changes) {
      previous.set(slice, this.#values.get(slice));
      this.#put(slice, value);
    }
    const failures = this.#publisher.publish(this.#reader, { named: changes, cause }, ({ slice }) => {
      for (const [name, value] of previous) if (slice === undefined || slice === name) this.#put(name, value);
    });
    if (failures.length === 0) return failures;
    // A slice that failed only because it became visible is not this call's failure: it is reported, not thrown.
    const others = failures.filter(({ slice }) => slice !== undefined && !previous.has(slice));
    for (const failure of others) this.#stream.report(failure);
    return failures.filter((failure) => !others.includes(failure));
  }

  #put(slice: string, value: unknown): void {
    if (value === undefined) this.#values.delete(slice);
    else this.#values.set(slice, value);
  }

  #fail(failures: readonly StateStreamError[]): void {
    if (failures.length === 0) return;
    const [first, ...others] = failures;
    for (const failure of this.#throws ? others : failures) this.#stream.report(failure);
    if (this.#throws) throw first as StateStreamError;
  }
}

/** @throws {StateStreamError} `invalid-option` where the updater returns nothing */
function updated(update: Updater, slice: string, current: unknown): unknown {
  const next = update(current);
  if (next !== undefined) return next;
  throw new StateStreamError(
    "invalid-option",
    `The function given to set("${slice}") returned undefined; it must return the new value. To remove the slice, call remove("${slice}").`,
    { slice },
  );
}

/** A private copy of the operations, as JSON carries them. */
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
