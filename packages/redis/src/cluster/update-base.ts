import { type Cause, StateStreamError } from "@statestream/core";
import { type Clock, type Commit, type ContinuedStream, continueStream, readState } from "@statestream/core/backplane";
import type { Position } from "./engine.ts";

/** One update on its way. */
export interface Update<S extends object> {
  readonly key: string;
  readonly initialState: S;
  readonly change: (state: Readonly<S>) => S;
  readonly id: string;
  readonly cause: Cause | undefined;
  /** Milliseconds elapsed. */
  readonly deadline: number;
}

/** The state at a position, in a form that makes commits. */
export interface Base {
  readonly continued: ContinuedStream<Record<string, unknown>>;
  /** Slices that were removed: the initial state does not bring them back. */
  readonly removed: readonly string[];
  position: Position;
  /** Receives the commit of the next change. */
  onCommit: (commit: Commit) => void;
}

/** The application's function threw, or returned an invalid value: the error goes to the caller, and nothing is retried. */
export class ChangeFailed extends Error {}

export function baseAt(checkpoint: string, position: Position, clock: Clock): Base {
  const { state, removed } = readState(checkpoint);
  const epoch = clock.epoch();
  let base: Base | undefined;
  const continued = continueStream<Record<string, unknown>>(
    { initialState: state, maxLogBytes: 0 },
    { epoch, onCommit: (commit) => base?.onCommit(commit) },
    clock,
  );
  continued.rebase(checkpoint, epoch);
  base = { continued, removed, position, onCommit: () => undefined };
  return base;
}

/** The commit that the update makes of this state; `undefined` where it changes nothing. */
export function commitOn<S extends object>(base: Base, { initialState, change, cause }: Update<S>): Commit | undefined {
  const { stream } = base.continued;
  const before = stream.state;
  // Slices that the stream has never had start with the initial state, as those of a writer do.
  const missing = Object.entries(initialState).filter(([name]) => !(name in before) && !base.removed.includes(name));
  let commit: Commit | undefined;
  base.onCommit = (made) => (commit = made);
  try {
    const after = change({ ...Object.fromEntries(missing), ...before } as Readonly<S>) as Record<string, unknown>;
    if (typeof after !== "object" || after === null)
      throw new StateStreamError(
        "invalid-state",
        "The function given to update must return the next state, an object.",
      );
    stream.batch(() => {
      for (const [name, value] of Object.entries(after)) if (before[name] !== value) stream.set(name, value);
      for (const name of Object.keys(before)) if (!(name in after)) stream.remove(name);
    }, cause);
  } catch (error) {
    throw new ChangeFailed("", { cause: error });
  }
  return commit;
}

/** A checkpoint of a new stream. */
export function checkpointOf(initialState: object, epoch: string, clock: Clock): string {
  try {
    const to = { epoch, onCommit: () => undefined };
    return continueStream({ initialState, maxLogBytes: 0 }, to, clock).checkpoint();
  } catch (error) {
    throw new ChangeFailed("", { cause: error });
  }
}
