import { StateStreamError } from "@statestream/core";
import { type Clock, type FollowedStream, type FollowedStreamOptions, followStream } from "@statestream/core/backplane";
import { checkpointAtHead } from "./checkpoints.ts";
import type { Engine, Commit, Message, Position, ReadReply } from "./engine.ts";
import { failure } from "./failures.ts";
import { isSame } from "./position.ts";
import { ReadSchedule } from "./read-schedule.ts";
import type { LargeCalls } from "./large-calls.ts";
import { Subscription } from "./subscription.ts";
import { REPAIR_MS, WaitingClients } from "./waiting-clients.ts";

export interface FollowerSettings {
  readonly stream: Omit<FollowedStreamOptions, "onWaiting">;
  /** How long a client waits for a state before its connection ends, in milliseconds. */
  readonly joinMs: number;
  readonly largeCalls: LargeCalls;
  readonly report: (error: StateStreamError) => void;
}

export interface FollowerCounts {
  reads: number;
  resubscribed: number;
  readonly resyncs: Partial<Record<Resync, number>>;
}

/** How many entries are kept while a read is under way; where more arrive, the stream is read once more instead. */
const MAX_BUFFERED = 1000;

/** When a stream is read again of which the engine has nothing, and this node neither, in milliseconds. */
const UNKNOWN = { firstMs: 1000, mostMs: 60_000 };

/** Why a stream was read again. */
type Resync = "gap" | "diverged" | "rolled-back" | "unusable";

type Snapshot = Extract<ReadReply, { readonly status: "snapshot" }>;

/** Keeps a copy of one stream at the engine's head: subscribes, reads, follows, and reads again where the chain breaks. */
export class Follower {
  readonly key: string;
  readonly stream: FollowedStream;
  readonly counted: FollowerCounts = { reads: 0, resubscribed: 0, resyncs: {} };
  /** The engine's head, as far as this node knows. */
  head: Position | undefined;
  /** Since when the clients' state may be old: milliseconds since 1970. */
  staleSince: number | undefined;
  /** When the engine was last known to be at the position of this copy, or ahead by what is on its way: milliseconds elapsed. */
  checkedAt: number = -Infinity;
  /** Called when a lease was released or a stream installed, or may have been: a writer may be able to lead. */
  onHead: (() => void) | undefined;
  readonly #settings: FollowerSettings;
  readonly #clock: Clock;
  readonly #isNeeded: () => boolean;
  readonly #subscription: Subscription;
  readonly #reads: ReadSchedule;
  readonly #waiting: WaitingClients;
  #closed = false;
  /** A read was left out, since nobody needed this copy. */
  #isOutdated = false;
  /** How many messages have arrived. */
  #heard = 0;
  /** Entries that arrived while a read was under way. */
  readonly #buffer: Commit[] = [];
  /** An entry could not be applied to this copy: only the whole state helps. */
  #unusable = false;
  /** Since when the engine has been behind this copy: milliseconds elapsed. */
  #aheadSince: number | undefined;

  /** `isNeeded`: whether the stream has a client or a writer on this node. */
  constructor(key: string, engine: Engine, settings: FollowerSettings, clock: Clock, isNeeded: () => boolean) {
    this.key = key;
    this.#settings = settings;
    this.#clock = clock;
    this.#isNeeded = isNeeded;
    this.#reads = new ReadSchedule(clock, async () => {
      await this.#readOnce();
      for (const entry of this.#buffer.splice(0)) this.#take(entry);
    });
    this.stream = followStream({ ...settings.stream, onWaiting: () => this.#waiting.came() }, clock);
    this.#waiting = new WaitingClients(this.stream, clock, settings.joinMs, {
      readSoon: () => this.#readSoon(() => this.stream.waitingSince !== undefined),
      isOnItsWay: () => this.#isOnItsWay,
    });
    this.#subscription = new Subscription(key, engine, clock, {
      message: (message) => this.#hear(message),
      subscribed: () => {
        // The lease may have been released before this subscription could hear of it.
        this.onHead?.();
        // Commits that are appended from now on arrive, and are kept until the read has ended.
        void this.#read();
      },
      failed: (cause) => this.#report("subscribed to", cause),
    });
    void this.#subscription.subscribe();
  }

  /** There is a client or a writer again. */
  needed(): void {
    if (!this.#isOutdated) return;
    this.#isOutdated = false;
    this.#readSoon();
  }

  /**
   * Compares this copy with the engine, whose head is given where it is known. `doubt`: if that finds changes that no message
   * announced, subscribes again, since a subscription can be dead although its connection lives.
   */
  async check({ head, doubt = false }: { head?: Position | undefined; doubt?: boolean } = {}): Promise<void> {
    const before = this.stream.position;
    if (head !== undefined) this.head = head;
    if (before === undefined) {
      // Its first read is on its way, or has found nothing: then the message that it was created may have been lost.
      if (head !== undefined && !this.#reads.isReading) await this.#read();
      return;
    }
    if (head !== undefined && isSame(head, before)) return this.#fresh();
    const heard = this.#heard;
    await this.#read();
    const after = this.stream.position;
    if (!doubt || this.#closed || !this.#subscription.isActive || after === undefined) return;
    if (heard !== this.#heard || isSame(before, after)) return;
    this.counted.resubscribed++;
    await this.#subscription.renew();
  }

  /** The engine has appended this commit for a writer of this node; its message may arrive later, or never. */
  appended(commit: Commit): void {
    if (this.#closed || this.stream.position === undefined) return;
    if (this.#reads.isReading) this.#buffer.push(commit);
    else this.#take(commit);
  }

  /** The engine cannot be reached: the clients' state may be old. */
  lost(): void {
    if (this.#closed || this.stream.position === undefined) return;
    this.staleSince ??= this.#clock.now();
    this.stream.stale = true;
  }

  async close(ending: Parameters<FollowedStream["close"]>[0]): Promise<void> {
    this.#closed = true;
    this.onHead = undefined;
    this.#reads.stop();
    this.#waiting.stop();
    await Promise.all([this.stream.close(ending), this.#subscription.close()]);
  }

  #hear(message: Message): void {
    this.#heard++;
    if (message.kind === "head") {
      this.onHead?.();
      void this.#read();
    } else if (!this.#reads.isReading) this.#take(message.entry);
    else if (this.#buffer.length < MAX_BUFFERED) this.#buffer.push(message.entry);
    else this.#reads.soon();
  }

  /** Follows an entry that continues this copy. For any other, reads what lies between. */
  #take(entry: Commit): void {
    const { stream } = this;
    const { position } = stream;
    const at = { epoch: entry.epoch, seq: entry.last };
    if (position === undefined || stream.includes(at)) return;
    this.head = at;
    if (entry.first !== position.seq + 1 || entry.previous !== position.epoch) return this.#readSoon();
    try {
      stream.follow(entry);
      this.#fresh();
    } catch {
      // If the read finds the same entry, it reports what is wrong with it.
      this.#unusable = true;
      this.#readSoon();
    }
  }

  /** Before the first subscription, a read would miss the commits that come after it. */
  get #canRead(): boolean {
    return !this.#closed && (this.#subscription.isActive || this.stream.position !== undefined);
  }

  get #isOnItsWay(): boolean {
    if (this.#subscription.isActive && !this.#reads.isReading) return false;
    const { largeCalls, joinMs } = this.#settings;
    return largeCalls.isMoving(joinMs);
  }

  #read(): Promise<void> {
    return this.#canRead ? this.#reads.now() : Promise.resolve();
  }

  #readSoon(isWanted?: () => boolean): void {
    if (this.#canRead) this.#reads.soon(isWanted);
  }

  async #readOnce(): Promise<void> {
    const startedAt = this.#clock.elapsed();
    const { position } = this.stream;
    try {
      let why: Resync | undefined = this.#unusable ? "unusable" : undefined;
      let reply = await this.#ask(why === undefined ? position : undefined);
      if (reply?.status === "ahead" && this.#isPatienceOver()) {
        // The engine will not return to the position of this copy: what it has now is the stream.
        why = "rolled-back";
        reply = await this.#ask(undefined);
      }
      if (this.#closed) return;
      if (reply === undefined) {
        this.#isOutdated = true;
        return;
      }
      if (reply.status !== "empty") this.head = reply.head;
      if (reply.status === "ahead") {
        // Its writer may restore it.
        this.#aheadSince ??= startedAt;
        this.#reads.retryIn(100 + 200 * this.#clock.random());
        return;
      }
      if (reply.status === "tail") for (const entry of reply.entries) this.stream.follow(entry);
      else if (reply.status === "snapshot") this.#adopt(reply, why ?? this.#reasonOf(reply.head));
      else {
        // Its writer installs it again. Nothing suggests that a stream exists of which there is no copy either: if it is created,
        // a message says so, and else the next comparison.
        this.#aheadSince = undefined;
        this.lost();
        this.#reads.retryIn(this.#reads.failed(position === undefined ? UNKNOWN : {}));
        return;
      }
      this.#reads.succeeded();
      this.#unusable = false;
      this.#fresh();
      this.#waiting.answer(startedAt);
    } catch (cause) {
      if (this.#closed) return;
      if (cause instanceof StateStreamError && cause.code === "invalid-commit") this.#unusable = true;
      // While the engine cannot be reached, no writer can restore the stream either.
      this.#aheadSince = undefined;
      this.lost();
      this.#report("read", cause);
      this.#reads.retryIn(this.#reads.failed());
    }
  }

  /** `undefined` where nobody needs this copy. */
  async #ask(have: Position | undefined): Promise<ReadReply | undefined> {
    const reply = await this.#settings.largeCalls.readIf(this.#isNeeded, this.key, have);
    if (reply !== undefined) this.counted.reads++;
    return reply;
  }

  #adopt({ checkpoint, entries }: Snapshot, why: Resync): void {
    // Tried on another copy first: clients must not be sent the usable part of a broken state again and again.
    if (this.#unusable) checkpointAtHead(checkpoint.body, entries, this.#clock);
    if (this.stream.position !== undefined) this.counted.resyncs[why] = (this.counted.resyncs[why] ?? 0) + 1;
    this.stream.adopt(checkpoint.body, entries);
  }

  /** Why a copy that has a position is replaced. */
  #reasonOf(head: Position): Resync {
    const { position } = this.stream;
    return position !== undefined && head.seq > position.seq && head.epoch === position.epoch ? "gap" : "diverged";
  }

  #isPatienceOver(): boolean {
    return this.#aheadSince !== undefined && this.#clock.elapsed() - this.#aheadSince >= REPAIR_MS;
  }

  #fresh(): void {
    this.#aheadSince = undefined;
    this.checkedAt = this.#clock.elapsed();
    this.staleSince = undefined;
    this.stream.stale = false;
  }

  #report(what: string, cause: unknown): void {
    const next = "It is retried; clients keep their state.";
    this.#settings.report(failure("backplane-failed", `The stream "${this.key}" could not be ${what}`, cause, next));
  }
}
