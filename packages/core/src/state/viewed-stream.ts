import type { Ending } from "../delivery/connection.ts";
import type { Difference } from "../diff/differ.ts";
import type { Json } from "../json/types.ts";
import type { Cause } from "../protocol/events.ts";
import type { StateStream } from "./stream.ts";

/** What streams are, of which views can be made. */
export interface ViewedStream {
  /** Attaches views: the stream counts their connections, and ends them when it ends. */
  attachViews(views: AttachedViews): Attachment;
}

/** The views of a stream, as the stream sees them. */
export interface AttachedViews {
  /** How many connections they have. */
  readonly size: number;
  /** The value of a slice has become another. `difference`: what led to it; `undefined` where clients see no change. */
  changed(before: Json, after: Json, difference: Difference | undefined): void;
  /** The stream has become stale, or is no longer. */
  staleChanged(): void;
  /** The stream ends. Resolves when all connections are closed. */
  end(ending: Ending): Promise<void>;
}

/** A stream, as its views see it. */
export interface ViewParent extends Pick<StateStream, "state" | "eventId" | "closing" | "subscribe"> {
  /** Whether it may have no more connections. */
  readonly isFull: boolean;
  /** Whether its state may be old. */
  readonly isStale: boolean;
  /** The seq of its last event. */
  readonly head: number;
  /** Counts the times a value of its state was found to have been mutated in place. */
  readonly mutations: number;
  /** The cause of every change after this seq, where there is one and it is the same for all of them. */
  causeSince(seq: number): Cause | undefined;
}

export interface Attachment {
  readonly parent: ViewParent;
  readonly detach: () => void;
}
