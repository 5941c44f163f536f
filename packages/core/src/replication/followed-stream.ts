import type { StateStream } from "../state/stream.ts";
import type { ViewedStream } from "../state/viewed-stream.ts";
import type { Commit } from "./commit.ts";

/** Where a log is: the epoch and the seq of its last event. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** A stream whose log is a copy of another's. Clients that connect before it has a state wait for one. */
export interface FollowedStream<S extends object = object> extends StateStream<S>, ViewedStream {
  /** The position of the copy; `undefined` before the first `adopt`. */
  readonly position: Position | undefined;
  /** About how many bytes the state and the log take. The state counts as the characters of its JSON. */
  readonly bytes: number;
  /** Whether heartbeats say that clients may have an old state. Setting it sends one at once. Default `false`. */
  stale: boolean;
  /** When the longest waiting client connected, in milliseconds elapsed; `undefined` when none waits. */
  readonly waitingSince: number | undefined;
  /**
   * Continues at a checkpoint, with the commits around it: those before it are kept for clients that resume, those after
   * it are followed. Clients that were sent another state get a snapshot with the reason `repaired`.
   *
   * @throws {StateStreamError} `invalid-commit`: nothing has changed, or the commits before the invalid one were followed.
   */
  adopt(checkpoint: string, commits: readonly Commit[]): void;
  /**
   * Appends a commit that follows on `position`.
   *
   * @throws {StateStreamError} `invalid-commit`: it does not, or it cannot be read or applied. Nothing has changed then.
   */
  follow(commit: Commit): void;
  /** Drops the log's events up to this seq, except those of the newest commit. A client that needs them is sent a snapshot. */
  forget(seq: number): void;
  /** Whether this position is one of this log. */
  includes(position: Position): boolean;
  /**
   * The state and the log's position, as text from which other streams can start. Takes time in proportion to the state.
   *
   * @throws {Error} before the first `adopt`.
   */
  checkpoint(): string;
  /**
   * Answers waiting clients with what is known, since nothing more can be learned about their positions. A client whose
   * position is ahead of the log goes on waiting until the log reaches it, unless `ahead` is true. With `cameBy`, answers
   * only clients that had connected by then, in milliseconds elapsed.
   */
  settle(options: { readonly ahead: boolean; readonly cameBy?: number }): void;
  /** Ends waiting clients with the reason `unavailable`, after which they reconnect. `cameBy` as above. */
  refuse(options?: { readonly cameBy?: number }): void;
}
