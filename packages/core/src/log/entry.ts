import type { Difference } from "../diff/differ.ts";

/** An event with its bytes, not yet in the log. */
export interface EncodedEvent {
  readonly slice: string;
  readonly kind: Difference["kind"];
  /** It only adds to the state: a row, a member, more text, or a new slice. */
  readonly additive?: boolean | undefined;
  /** Whether an operation of it is an `append`, which only some connections understand. Default: no. */
  readonly appends?: boolean | undefined;
  /** The slice's earlier values are no longer visible: its earlier events must never be replayed. */
  readonly hidden: boolean;
  /** The seq of the slice's previous event. */
  readonly base: number;
  /** JSON of its cause. */
  readonly cause?: string | undefined;
  /** The frame's bytes up to where connections begin to differ. */
  readonly body: Uint8Array;
}

/** One event of the log: encoded once, for every connection. */
export interface Entry extends EncodedEvent {
  readonly seq: number;
  readonly appends: boolean;
  /** The seq of the first event of its commit. */
  readonly commit: number;
  readonly timestamp: number;
  /** Bytes of all bodies up to this one, so that the cost of a range is one subtraction. */
  readonly total: number;
}
