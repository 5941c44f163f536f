import type { Cause } from "../protocol/events.ts";
import type { Operation } from "../json/types.ts";
import type { Jsonified } from "../json/jsonified.ts";
import type { StateStream } from "./stream.ts";

/** Names of the slices that may be absent: the optional ones, and every slice of a dictionary. */
export type OptionalSlice<S extends object> = keyof {
  [K in keyof S & string as {} extends Pick<S, K> ? K : undefined extends S[K] ? K : never]: unknown;
} &
  string;

/** Names of the slices whose type is the same before and after JSON, so that operations on the JSON keep it. */
export type JsonSlice<S extends object> = keyof {
  [
    K in keyof S & string as SameType<Exclude<S[K], undefined>, Jsonified<Exclude<S[K], undefined>>> extends true
      ? K
      : never
  ]: unknown;
} &
  string;

type SameType<A, B> = [A, B] extends [B, A] ? true : false;

/**
 * A stream that owns its state. A call that throws has changed nothing, except for `batch`. Values are held by reference:
 * pass new objects rather than mutating them, or set `snapshots: "copy"`.
 */
export interface WritableStateStream<S extends object = Record<string, unknown>> extends StateStream<S> {
  /**
   * Sets a slice to a value, or to what a function returns for its current value. `undefined` removes an optional slice;
   * a function that returns `undefined` throws, because a forgotten `return` must not remove a slice. Passing the object
   * that the slice already holds means that it was mutated: it is sent as a whole value, and copied from then on.
   *
   * @throws {StateStreamError} `not-serializable` and `slices-failed` without `onError`; `invalid-option`, `stream-closed`
   */
  set<K extends keyof S & string>(
    slice: K,
    value: S[K] | ((value: S[K]) => S[K]) | (K extends OptionalSlice<S> ? undefined : never),
    cause?: Cause,
  ): void;
  /**
   * Applies a JSON Patch (RFC 6902), which may also contain `append`, to a slice; paths are relative to the slice. Nothing is
   * compared, so the cost is that of the paths. Either all operations apply or none. The slice becomes what JSON carries of it, so only slices whose type
   * JSON keeps can be patched.
   * The copies of one patch may add 16 MiB of JSON in all; a patch that adds more is refused.
   *
   * @throws {StateStreamError} `unknown-slice`, `invalid-patch`, and what `set` throws
   */
  patch(slice: JsonSlice<S>, operations: readonly Operation[], cause?: Cause): void;
  /**
   * Adds text to the end of a string, such as the next piece of a language model's answer: the one at `path`, a JSON Pointer
   * relative to the slice, or the slice itself at `""`. Nothing is compared and only the piece is logged and sent, so the cost
   * does not depend on how long the text has become. A character may be split between two pieces; clients that do not ask
   * for `append` get the whole text, at most once per flush. An empty piece changes nothing.
   *
   * @example
   * for await (const piece of answer) stream.append("messages", `/${index}/text`, piece);
   *
   * @throws {StateStreamError} `invalid-patch` where the target is missing or no string; `unknown-slice`, and what `set` throws
   */
  append(slice: JsonSlice<S>, path: string, text: string, cause?: Cause): void;
  /** Removes an optional slice; does nothing when it is absent. Throws what `set` throws. */
  remove(slice: OptionalSlice<S>, cause?: Cause): void;
  /**
   * Makes one commit of the changes inside `fn`: each slice is compared once, at the end, and clients notify once. Until
   * then `state` and snapshots stay as they were. A nested batch joins the outer one. If `fn` throws, the changes it made
   * before are kept, and the error is rethrown.
   *
   * @throws {StateStreamError} `async-batch` when `fn` is async: only what it did before its first await is in the commit.
   */
  batch(fn: () => void, cause?: Cause): void;
}
