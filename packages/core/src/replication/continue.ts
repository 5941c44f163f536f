import { checkpointOf, readCheckpoint, restartAt } from "./checkpoint.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import { type Commit, commitOf } from "./commit.ts";
import { invalidOption } from "../support/errors.ts";
import { isEpoch } from "../protocol/event-id.ts";
import { makeStream, type OwnStateOptions, type SourceOptions } from "../state/create.ts";
import type { Json } from "../json/types.ts";
import { FollowedStateStream } from "./followed-state-stream.ts";
import type { FollowedStream } from "./followed-stream.ts";
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
   * Called inside `connect`, once for each client that has to wait: there is no state yet, or this copy does not know the
   * client's position. Bring the copy up to date with `adopt` and `follow`, then call `settle` or `refuse`. Until then the
   * client gets no heartbeat and waits without limit. Must not throw.
   */
  onWaiting: () => void;
}

/** How a stream continues the log of another. */
export interface ContinueOptions {
  /** Where it continues: a checkpoint that `checkpoint()` made, also in another process. Default: a new log. */
  checkpoint?: string | undefined;
  /** The epoch of all events from here on: 11 random base64url characters, so that no other process has the same. */
  epoch: string;
  /** Called inside each change with its commit, in order. Must not throw: the change is made, but its caller would get the error. */
  onCommit: (commit: Commit) => void;
}

/** A stream whose commits go to other processes. */
export interface ContinuedStream<S extends object> {
  /** With a source instead of `initialState`, it has no methods that change the state. */
  readonly stream: WritableStateStream<S>;
  /**
   * The state and the log's position, as text from which other streams can start. Inside a batch: those before it. Takes
   * time in proportion to the state.
   */
  checkpoint(): string;
  /**
   * Continues at another checkpoint, under a new epoch. What differs here becomes one commit; without a difference there
   * is none. Called inside a change or a batch, it takes effect right after that. Clients of this stream get a snapshot.
   *
   * @throws {Error} for a malformed checkpoint; `StateStreamError` `invalid-option` for a malformed epoch. Nothing has
   * changed then.
   */
  rebase(checkpoint: string, epoch: string): void;
}

/**
 * Makes a stream that follows another's log. It starts without a state: clients wait until `adopt`. `clock` is the source
 * of time, turns and randomness; default: the system's.
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
 * Makes a stream as `createStateStream` does, whose log continues another's. The first state must be that of the checkpoint,
 * as far as it is visible, since it is not published. Where it may differ, `rebase` to the same checkpoint.
 *
 * @throws {StateStreamError} what `createStateStream` throws, and `invalid-option` for a malformed epoch; `Error` for a
 * malformed checkpoint.
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
 * The state in a checkpoint, by slice, and the names of removed slices: the latest ones, as many as the `maxLogEvents` of
 * its stream.
 *
 * @throws {Error} for a malformed checkpoint
 */
export function readState(checkpoint: string): { state: Record<string, Json>; removed: readonly string[] } {
  const { slices, start } = readCheckpoint(checkpoint);
  return { state: Object.fromEntries(slices), removed: start.removed };
}

/** @throws {StateStreamError} `invalid-option` */
function checkEpoch(epoch: string): void {
  if (isEpoch(epoch)) return;
  throw invalidOption(`The epoch ${JSON.stringify(epoch)} must be 11 base64url characters.`);
}
