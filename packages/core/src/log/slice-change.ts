import type { Difference } from "../diff/differ.ts";
import type { Held } from "../json/held.ts";

/** A slice of the logged state. */
export interface LoggedSlice {
  /** The value as it was given: compared by identity only, since it may be mutated or revoked at any time. */
  readonly raw: unknown;
  /** What clients hold. May share objects with `raw`. */
  readonly held: Held;
  /** Whether the value is mutated in place, so that the same object again may be another value; `held` is a copy then. */
  readonly mutable: boolean;
}

/** One slice's change, on its way from the publisher through the logged state to the log. */
export interface SliceChange {
  readonly slice: string;
  /** The slice after it; `undefined` where it is removed. */
  readonly next: LoggedSlice | undefined;
  /** What clients are sent; `undefined` where nothing changed in JSON terms. */
  readonly difference: Difference | undefined;
  /** The slice was hidden by the option `slices`, not deleted: its earlier events must never be replayed. */
  readonly hidden: boolean;
  /** JSON of its cause. Found last, and only where there is a difference, since an option function makes it. */
  cause: string | undefined;
}
