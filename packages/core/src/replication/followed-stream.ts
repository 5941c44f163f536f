import { type Checkpoint, checkpointOf, readCheckpoint, restartAt } from "./checkpoint.ts";
import type { Clock } from "../support/clock.ts";
import { type Commit, readCommit } from "./commit.ts";
import { followCommit } from "./log-start.ts";
import { isAdditive } from "../diff/additive.ts";
import type { EncodedEvent } from "../log/log.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import { parseEventId } from "../protocol/event-id.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import type { Json } from "../json/types.ts";
import { applyOperations } from "../json/operations.ts";
import type { Settings } from "../state/options.ts";
import type { Audience } from "../delivery/audience.ts";
import type { StateConnection } from "../delivery/state-connection.ts";
import { BaseStateStream } from "../state/state-stream.ts";
import type { ConnectOptions, StateStream } from "../state/stream.ts";

/** Where a log is: the epoch and the seq of its last event. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** A stream whose log is a copy of another's. Clients that come before there is a state wait for it. */
export interface FollowedStream<S extends object = object> extends StateStream<S> {
  /** Where the copy is; `undefined` before the first `adopt`. */
  readonly position: Position | undefined;
  /** About how many bytes the state and the log take; the state, in characters of its JSON. */
  readonly bytes: number;
  /** Whether heartbeats say that what clients have may be old. A change is told at once. Default `false`. */
  stale: boolean;
  /** Since when the client has waited that has waited longest, in milliseconds elapsed; `undefined` when none waits. */
  readonly waitingSince: number | undefined;
  /**
   * Begins at a checkpoint, with the commits around it: those before it are held for clients that come back, those after
   * it are followed. Clients that were told another state are given this one, with the reason `repaired`.
   *
   * @throws {StateStreamError} `invalid-commit`: then nothing has changed, or the commits that fit were followed.
   */
  adopt(checkpoint: string, commits: readonly Commit[]): void;
  /**
   * Appends a commit that builds on `position`.
   *
   * @throws {StateStreamError} `invalid-commit`: it does not, or cannot be read or applied. Then nothing has changed.
   */
  follow(commit: Commit): void;
  /** Whether this position is one of its log's. */
  includes(position: Position): boolean;
  /**
   * The state and the log's position as a text that other streams can begin with. Costs the state.
   *
   * @throws {Error} before the first `adopt`.
   */
  checkpoint(): string;
  /**
   * Answers clients that wait with what is known: nothing more can be found out about their positions; those that are
   * ahead of the log only if they are not to wait until it comes to them. Given `cameBy`, only those that came
   * by then, in milliseconds elapsed.
   */
  settle(options: { readonly ahead: boolean; readonly cameBy?: number }): void;
  /** Sends clients that wait away, with `state.end` and the reason `unavailable`; they may come back. `cameBy` as above. */
  refuse(options?: { readonly cameBy?: number }): void;
}

/** A client that waits: what it said, and since when. */
interface Waiting {
  readonly lastEventId: string | undefined;
  /** Milliseconds elapsed. */
  readonly since: number;
}

export class FollowedStateStream<S extends object> extends BaseStateStream<S> implements FollowedStream<S> {
  /** Connections of which is not known where they begin; the one that came first is first. */
  readonly #waiting = new Map<StateConnection, Waiting>();
  readonly #onWaiting: () => void;
  #begun = false;
  #stateBytes = 0;
  /** Bytes followed since the state was measured. */
  #followed = 0;

  constructor(clock: Clock, settings: Settings<S>, onWaiting: () => void) {
    super(clock, settings);
    this.#onWaiting = onWaiting;
    this.onClosing(() => this.#waiting.clear());
  }

  get position(): Position | undefined {
    return this.#begun ? { epoch: this.log.epochAt(this.log.head), seq: this.log.head } : undefined;
  }

  override get eventId(): string {
    return this.#begun ? super.eventId : "";
  }

  get bytes(): number {
    // What came since may have replaced what was there, or added to it.
    return this.#stateBytes + this.#followed + this.log.bytes;
  }

  get stale(): boolean {
    return this.hub.stale;
  }

  set stale(stale: boolean) {
    this.hub.stale = stale;
  }

  override connect(options: ConnectOptions = {}): StateConnection {
    const { onClose } = options;
    // Not known where it is closed before it is made.
    let waiting: StateConnection | undefined;
    const connection = super.connect({
      ...options,
      onClose: (reason) => {
        if (waiting !== undefined) this.#waiting.delete(waiting);
        onClose?.(reason);
      },
    });
    if (!connection.undecided) return connection;
    waiting = connection;
    this.#waiting.set(connection, { lastEventId: options.lastEventId || undefined, since: this.clock.elapsed() });
    this.#onWaiting();
    return connection;
  }

  adopt(text: string, commits: readonly Commit[]): void {
    const checkpoint = trusted("The checkpoint", () => readCheckpoint(text));
    const { start } = checkpoint;
    const past = pastOf(checkpoint, commits).map((commit) => ({
      ...commit,
      ...trusted("A commit", () => readCommit(commit)),
    }));
    restartAt(this, checkpoint, past);
    this.#begun = true;
    this.#stateBytes = text.length;
    this.#followed = 0;
    this.#decide(() => false);
    for (const commit of commits) if (commit.first > start.seq) this.follow(commit);
  }

  follow(commit: Commit): void {
    const { epoch, previous, first, last } = commit;
    const { position } = this;
    if (position === undefined || first !== position.seq + 1 || position.epoch !== previous) {
      throw new StateStreamError(
        "invalid-commit",
        `The commit of ${epoch} up to seq ${last} builds on seq ${first - 1} of ${previous}; the log is at seq ${position?.seq} of ${position?.epoch}.`,
      );
    }
    const { timestamp, events: read } = trusted("A commit", () => readCommit(commit));
    const events: EncodedEvent[] = [];
    const moved = new Map<string, Json | undefined>();
    for (const event of read) {
      const { slice, kind, patches, value } = event;
      const before = moved.has(slice) ? moved.get(slice) : this.logged.json(slice);
      if (kind !== "value" && before === undefined) {
        throw new StateStreamError(
          "invalid-commit",
          `The commit of ${epoch} up to seq ${last} changes slice "${slice}", which is not there.`,
          { slice },
        );
      }
      moved.set(
        slice,
        patches === undefined ? value : trusted("A commit", () => applyOperations(before as Json, patches, slice)),
      );
      const additive = patches === undefined ? before === undefined : isAdditive(patches, before as Json);
      events.push({ ...event, additive });
    }
    // From here on nothing throws: the log and the state move together.
    followCommit(this.log, { epoch, previous, first, timestamp, events });
    for (const [slice, json] of moved) this.logged.replace(slice, json);
    this.published(events, position.seq);
    this.#measure(commit.body.length);
    this.#decide(() => false);
  }

  includes({ epoch, seq }: Position): boolean {
    return this.#begun && this.log.includes(epoch, seq);
  }

  get waitingSince(): number | undefined {
    // In the order in which they came.
    const [first] = this.#waiting.values();
    return first?.since;
  }

  settle({ ahead, cameBy = Infinity }: { readonly ahead: boolean; readonly cameBy?: number }): void {
    if (!this.#begun) return;
    this.#decide(
      ({ lastEventId, since }) =>
        since <= cameBy && (ahead || (parseEventId(lastEventId ?? "")?.seq ?? 0) <= this.log.head),
    );
  }

  refuse({ cameBy = Infinity }: { readonly cameBy?: number } = {}): void {
    for (const [connection, { since }] of this.#waiting) {
      if (since > cameBy) continue;
      this.#waiting.delete(connection);
      connection.finish({ reason: "unavailable", retry: true });
    }
  }

  checkpoint(): string {
    if (!this.#begun) throw new Error("There is no state yet to make a checkpoint of.");
    return checkpointOf(this);
  }

  /** Undefined where whoever feeds this stream may find out more: the copy may be behind, or on a branch that was left. */
  protected override start(lastEventId: string | undefined, audience: Audience): number | SnapshotReason | undefined {
    if (!this.#begun) return undefined;
    const start = super.start(lastEventId, audience);
    return start === "epoch" ? undefined : start;
  }

  /** Opens connections that wait and are known to begin somewhere; `settled` says of whom nothing more will be known. */
  #decide(settled: (waiting: Waiting) => boolean): void {
    for (const [connection, waiting] of this.#waiting) {
      const { audience } = connection;
      const { lastEventId } = waiting;
      const final = lastEventId === undefined || settled(waiting);
      const start = final ? super.start(lastEventId, audience) : this.start(lastEventId, audience);
      if (start === undefined) continue;
      this.#waiting.delete(connection);
      connection.open(start);
    }
  }

  /** Measures the state anew once as much has come as it was. */
  #measure(bytes: number): void {
    this.#followed += bytes;
    if (this.#followed < this.#stateBytes + 1024) return;
    this.#stateBytes = 0;
    for (const slice of this.logged.names()) this.#stateBytes += this.logged.text(slice)?.length ?? 0;
    this.#followed = 0;
  }
}

/** The commits that lead up to the checkpoint without a gap. */
function pastOf({ start }: Checkpoint, commits: readonly Commit[]): Commit[] {
  const past: Commit[] = [];
  let seq = start.seq;
  let epoch = start.lineage.at(-1)?.[1];
  for (const commit of commits.toReversed()) {
    if (commit.first > start.seq) continue;
    if (commit.last !== seq || commit.epoch !== epoch) break;
    past.unshift(commit);
    seq = commit.first - 1;
    epoch = commit.previous;
  }
  return past;
}

function trusted<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new StateStreamError("invalid-commit", withCause(`${what} of the followed log cannot be used`, cause), {
      cause,
    });
  }
}
