import { type Checkpoint, checkpointOf, readCheckpoint, restartAt } from "./checkpoint.ts";
import type { Clock } from "../support/clock.ts";
import { type Commit, hasKnownFormat, readCommit } from "./commit.ts";
import { followCommit } from "./log-start.ts";
import { isAdditive } from "../diff/additive.ts";
import type { EncodedEvent } from "../log/entry.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import { parseEventId } from "../protocol/event-id.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import type { Json } from "../json/types.ts";
import { applyOperations } from "../json/operations.ts";
import type { Settings } from "../state/options.ts";
import type { Audience } from "../delivery/audience.ts";
import { BaseStateStream, type Waiting } from "../state/state-stream.ts";
import type { FollowedStream, Position } from "./followed-stream.ts";

export class FollowedStateStream<S extends object> extends BaseStateStream<S> implements FollowedStream<S> {
  readonly #onWaiting: () => void;
  #begun = false;
  #stateBytes = 0;
  /** Bytes followed since the state was measured. */
  #followed = 0;

  constructor(clock: Clock, settings: Settings<S>, onWaiting: () => void) {
    super(clock, settings);
    this.#onWaiting = onWaiting;
    this.onClosing(() => this.waiting.clear());
  }

  get position(): Position | undefined {
    return this.#begun ? { epoch: this.log.epochAt(this.log.head), seq: this.log.head } : undefined;
  }

  override get eventId(): string {
    return this.#begun ? super.eventId : "";
  }

  get bytes(): number {
    // The commits since the measurement may have replaced values or added to them: this is the upper bound.
    return this.#stateBytes + this.#followed + this.log.bytes;
  }

  get stale(): boolean {
    return this.hub.stale;
  }

  set stale(stale: boolean) {
    this.setStale(stale);
  }

  protected override waits(): void {
    this.#onWaiting();
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
        `The commit of ${epoch} up to seq ${last} follows on seq ${first - 1} of ${previous}; the log is at seq ${position?.seq} of ${position?.epoch}.`,
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
          `The commit of ${epoch} up to seq ${last} changes slice "${slice}", which is absent.`,
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
    // Nothing throws from here on, so that the log and the state change together.
    followCommit(this.log, { epoch, previous, first, timestamp, events });
    for (const [slice, json] of moved) this.logged.replace(slice, json);
    this.published(events, position.seq);
    this.#measure(commit.body.length);
    this.#decide(() => false);
  }

  forget(seq: number): void {
    const [newest] = this.log.after(this.log.head - 1, undefined);
    if (newest !== undefined) this.log.trim(newest.commit, seq);
  }

  includes({ epoch, seq }: Position): boolean {
    return this.#begun && this.log.includes(epoch, seq);
  }

  get waitingSince(): number | undefined {
    const [first] = this.waiting.values();
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
    for (const [connection, { since }] of this.waiting) {
      if (since > cameBy) continue;
      this.waiting.delete(connection);
      connection.finish({ reason: "unavailable", retry: true });
    }
  }

  checkpoint(): string {
    if (!this.#begun) throw new Error("There is no state yet to make a checkpoint of.");
    return checkpointOf(this);
  }

  /** `undefined` where the position is unknown: the copy may be behind, or on an abandoned branch, so more may be learned. */
  protected override start(lastEventId: string | undefined, audience: Audience): number | SnapshotReason | undefined {
    if (!this.#begun) return undefined;
    const start = super.start(lastEventId, audience);
    return start === "epoch" ? undefined : start;
  }

  /** Opens waiting connections whose start is known. `settled`: whether nothing more will be learned about a client. */
  #decide(settled: (waiting: Waiting) => boolean): void {
    for (const [connection, waiting] of this.waiting) {
      const { audience } = connection;
      const { lastEventId } = waiting;
      const final = lastEventId === undefined || settled(waiting);
      const start = final ? super.start(lastEventId, audience) : this.start(lastEventId, audience);
      if (start === undefined) continue;
      this.waiting.delete(connection);
      connection.open(start);
    }
  }

  /** Measures the state again once the followed bytes exceed it, which costs a constant time per byte. */
  #measure(bytes: number): void {
    this.#followed += bytes;
    if (this.#followed < this.#stateBytes + 1024) return;
    this.#stateBytes = 0;
    for (const slice of this.logged.names()) this.#stateBytes += this.logged.text(slice)?.length ?? 0;
    this.#followed = 0;
  }
}

/** The commits that lead to the checkpoint without a gap, and that this version can read. */
function pastOf({ start }: Checkpoint, commits: readonly Commit[]): Commit[] {
  const past: Commit[] = [];
  let seq = start.seq;
  let epoch = start.lineage.at(-1)?.[1];
  for (const commit of commits.toReversed()) {
    if (commit.first > start.seq) continue;
    // A commit of a later version cannot be replayed from here; the checkpoint does not need it.
    if (commit.last !== seq || commit.epoch !== epoch || !hasKnownFormat(commit)) break;
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
