import type { SnapshotReason } from "../protocol/events.ts";
import type { StateStreamError } from "../support/errors.ts";
import type { Chunk } from "./chunk.ts";
import type { CloseReason, Ending } from "./connection.ts";
import type { HandoverHost } from "./handover.ts";
import type { StateConnection } from "./state-connection.ts";

/** What a connection needs of its stream. */
export interface ConnectionHost extends HandoverHost {
  readonly log: { readonly head: number };
  /** Whether the state may be old. */
  readonly stale: boolean;
  readonly maxStallMs: number;
  /** The reconnection time to announce in milliseconds, drawn anew for each connection. */
  retryMs(): number;
  now(): number;
  /** Brings the log up to what decides what clients may see now. */
  catchUp(): void;
  /** Calls `wake` in a later turn. */
  schedule(connection: StateConnection): void;
  /** Whether there is memory for a large chunk; if not, `retry` is called when there may be. */
  admit(connection: StateConnection, chunk: Chunk): boolean;
  snapshotSent(connection: StateConnection, reason: SnapshotReason): void;
  closed(connection: StateConnection, reason: CloseReason): void;
  report(error: StateStreamError): void;
}

/** How a connection begins. */
export interface Opening {
  /** Where it resumes, or why it needs a snapshot; `undefined` while that is not known, until `open`. */
  readonly start: number | SnapshotReason | undefined;
  /** It is refused: it gets `state.end` and nothing else. */
  readonly refused: Ending | undefined;
  /** When its permission expires: milliseconds since 1970, or `Infinity`. */
  readonly expiresAt: number;
  /** When it is too old: milliseconds elapsed, or `Infinity`. */
  readonly agesAt: number;
  readonly context: unknown;
  readonly onClose: ((reason: CloseReason) => void) | undefined;
}
