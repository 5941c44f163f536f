import { readCheckpoint } from "../replication/checkpoint.ts";
import type { Clock } from "../support/clock.ts";
import { bodyOfCommit, type Commit } from "../replication/commit.ts";
import { StateStreamError } from "../support/errors.ts";
import { isEpoch } from "../protocol/event-id.ts";
import type { Json } from "../json/types.ts";
import type { Draft, LogStart } from "../log/log.ts";
import type { Settings } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { BaseStateStream } from "./state-stream.ts";

/** Where a stream begins that goes on with another's log, and who is told of what it appends. */
export interface Continuation {
  readonly start: LogStart;
  /** Of events from here on. */
  readonly epoch: string;
  /** Called inside each change. */
  readonly onCommit: (commit: Commit) => void;
}

/** What sources and own state have in common: changes are found out here, and told to the log. */
export abstract class PublishedStateStream<S extends object> extends BaseStateStream<S> {
  protected readonly publisher: Publisher<S>;

  constructor(clock: Clock, settings: Settings<S>, continuation?: Continuation) {
    super(clock, settings);
    if (continuation !== undefined) {
      checkEpoch(continuation.epoch);
      this.log.restart(continuation.start, []);
      this.log.begin(continuation.epoch);
    }
    const parts = { clock, log: this.log, slices: this.slices };
    this.publisher = new Publisher(
      settings,
      parts,
      (error) => this.report(error),
      (drafts, position) => {
        this.published(drafts, position);
        continuation?.onCommit(this.#commit(drafts, position));
      },
    );
  }

  /** Goes on from another checkpoint, under a new epoch: what is different here is one commit. */
  rebase(text: string, epoch: string): void {
    const checkpoint = readCheckpoint(text);
    checkEpoch(epoch);
    this.republish(() => {
      this.restart(checkpoint, []);
      this.log.begin(epoch);
    });
  }

  /** In a turn of its own, so that no change is half way: does this, then publishes whatever is not as the log says. */
  protected abstract republish(first: () => void): void;

  #commit(drafts: readonly Draft[], position: number): Commit {
    const { log } = this;
    const hidden = new Set(drafts.flatMap((draft, index) => (draft.hidden ? [position + 1 + index] : [])));
    return {
      epoch: log.epochAt(log.head),
      previous: log.epochAt(position),
      first: position + 1,
      last: log.head,
      body: bodyOfCommit(log.after(position, undefined), hidden),
    };
  }

  /** What clients hold of this value, where operations may build on it. */
  protected basis(slice: string, value: unknown): Json | undefined {
    return this.slices.basis(slice, value);
  }

  /** A value was named as changed: if it is the one that is held, it was changed in place. */
  protected named(slice: string, value: unknown): void {
    this.slices.spoil(slice, value);
  }
}

/** @throws {StateStreamError} `invalid-option` */
function checkEpoch(epoch: string): void {
  if (isEpoch(epoch)) return;
  throw new StateStreamError("invalid-option", `The epoch ${JSON.stringify(epoch)} must be 11 base64url characters.`);
}
