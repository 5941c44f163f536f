import { checkpointOf, readCheckpoint, restartAt } from "./checkpoint.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import { type Commit, commitOf } from "./commit.ts";
import { StateStreamError } from "../support/errors.ts";
import { isEpoch } from "../protocol/event-id.ts";
import { makeStream, type OwnStateOptions, type SourceOptions } from "../state/create.ts";
import type { Json } from "../json/types.ts";
import { type FollowedStream, FollowedStateStream } from "./followed-stream.ts";
import { beginEpoch, newLogStart, restartLog } from "./log-start.ts";
import { settingsOf, type StateStreamOptions } from "../state/options.ts";
import type { WritableStateStream } from "../state/writable-stream.ts";

/** Options of a stream that follows another's log: those of its connections. */
export interface FollowedStreamOptions extends Pick<
  StateStreamOptions<object>,
  | "heartbeatMs"
  | "retryMs"
  | "maxLogEvents"
  | "maxLogBytes"
  | "maxPinnedBytes"
  | "maxStallMs"
  | "maxAgeMs"
  | "maxConnections"
  | "onError"
> {
  /**
   * Called inside `connect`, once for each client that waits to be told where it begins: there is no state yet, or its
   * position is not one this copy knows. Find out more, by `adopt` and `follow`; then `settle`, or `refuse`: until then it
   * gets no heartbeat, and waits without limit. Must not throw.
   */
  onWaiting: () => void;
}

/** How a stream goes on with the log of another. */
export interface ContinueOptions {
  /** What it goes on from: a checkpoint that `checkpoint()` made, maybe in another process. Default: a new log. */
  checkpoint?: string | undefined;
  /** Of all events from here on: 11 base64url characters, random, so that no other process ever has the same. */
  epoch: string;
  /** Called inside each change with its commit, in their order. Must not throw: the change is made, and its caller would be told. */
  onCommit: (commit: Commit) => void;
}

/** A stream whose commits go to other processes. */
export interface ContinuedStream<S extends object> {
  /** Own state, or a source's: without an `initialState` the methods that change it are not there. */
  readonly stream: WritableStateStream<S>;
  /**
   * The state and the log's position as a text that other streams can begin with: between commits, so never inside a
   * batch. Costs the state.
   */
  checkpoint(): string;
  /**
   * Goes on from another checkpoint, under a new epoch: what is different here is one commit, none if nothing is. Asked for
   * within a change or a batch, it is done right after that. Clients of this stream are given the state anew.
   *
   * @throws {Error} when the checkpoint is none; `StateStreamError` `invalid-option` when the epoch is none. Then nothing
   * has changed.
   */
  rebase(checkpoint: string, epoch: string): void;
}

/**
 * Makes a stream that follows another's log. It begins with no state: clients wait until `adopt`. `clock`: where time,
 * turns and randomness come from; the system's by default.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function followStream<S extends object>(
  { onWaiting, ...options }: FollowedStreamOptions,
  clock: Clock = systemClock,
): FollowedStream<S> {
  return new FollowedStateStream<S>(clock, settingsOf<S>(options, undefined), onWaiting);
}

/**
 * Makes a stream as `createStateStream` does, whose log goes on where another's is. The first state must be that of the
 * checkpoint, as far as it is visible: it is not told to anybody. Where it may be another, `rebase` to the same checkpoint.
 *
 * @throws {StateStreamError} what `createStateStream` throws, and `invalid-option` for an epoch that is none; `Error` when
 * the checkpoint is none.
 */
export function continueStream<S extends object>(
  options: OwnStateOptions<S> | SourceOptions<S>,
  { checkpoint, epoch, onCommit }: ContinueOptions,
  clock: Clock = systemClock,
): ContinuedStream<S> {
  const start = checkpoint === undefined ? newLogStart(epoch) : readCheckpoint(checkpoint).start;
  checkEpoch(epoch);
  const { stream, republish } = makeStream(clock, options, {
    begin(log) {
      restartLog(log, start, []);
      beginEpoch(log, epoch);
    },
    onCommit: (events) => onCommit(commitOf(stream.log, events)),
  });
  return {
    stream: stream as unknown as WritableStateStream<S>,
    checkpoint: () => checkpointOf(stream),
    rebase(text, next) {
      const base = readCheckpoint(text);
      checkEpoch(next);
      republish(() => {
        restartAt(stream, base, []);
        beginEpoch(stream.log, next);
      });
    },
  };
}

/**
 * What a checkpoint says: the state by slice, and the slices that were there once and are not any more, as many of the
 * latest as its stream's `maxLogEvents`.
 *
 * @throws {Error} when it is none.
 */
export function readState(checkpoint: string): { state: Record<string, Json>; removed: readonly string[] } {
  const { slices, start } = readCheckpoint(checkpoint);
  return { state: Object.fromEntries(slices), removed: start.removed };
}

/** @throws {StateStreamError} `invalid-option` */
function checkEpoch(epoch: string): void {
  if (isEpoch(epoch)) return;
  throw new StateStreamError("invalid-option", `The epoch ${JSON.stringify(epoch)} must be 11 base64url characters.`);
}
