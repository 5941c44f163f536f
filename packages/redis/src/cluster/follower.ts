import { StateStreamError } from "@statestream/core";
import { type Clock, type FollowedStream, type FollowedStreamOptions, followStream } from "@statestream/core/backplane";
import { checkpointAtHead } from "./checkpoints.ts";
import type { Engine, Commit, Message, Position, ReadReply } from "./engine.ts";
import { failure } from "./failures.ts";
import { isSame } from "./position.ts";

export interface FollowerSettings {
  readonly stream: Omit<FollowedStreamOptions, "onWaiting">;
  /** How long a client waits for a state before it is sent away, in milliseconds. */
  readonly joinMs: number;
  readonly report: (error: StateStreamError) => void;
}

export interface FollowerCounts {
  reads: number;
  resubscribed: number;
  readonly resyncs: Partial<Record<Resync, number>>;
}

/** How long the engine is given to come back to where this node is, in milliseconds: its writer repairs it meanwhile. */
const REPAIR_MS = 2000;

/** How often it is looked whether clients that wait can be answered, in milliseconds. */
const LOOK_MS = 250;

/** The longest time between two attempts, in milliseconds. A message, or the engine's own word, is acted upon at once. */
const MAX_BACKOFF_MS = 2000;

/** How many entries are kept while a read is under way; beyond, it is read once more instead. */
const MAX_BUFFERED = 1000;

/** What a stream was read for, beside the first time. */
type Resync = "gap" | "diverged" | "rolled-back" | "unusable";

type Snapshot = Extract<ReadReply, { readonly status: "snapshot" }>;

/** Keeps a copy of one stream at the engine's head: subscribes, reads, follows, and reads again where the chain breaks. */
export class Follower {
  readonly key: string;
  readonly stream: FollowedStream;
  readonly counted: FollowerCounts = { reads: 0, resubscribed: 0, resyncs: {} };
  /** The engine's head, as far as this node has heard. */
  head: Position | undefined;
  /** Since when what clients have may be old: milliseconds since 1970. */
  staleSince: number | undefined;
  /** When the engine was last known to be where this copy is, or ahead by what is on its way: milliseconds elapsed. */
  checkedAt: number = -Infinity;
  /** Told when the engine says that somebody should look: a lease was given back, or a stream put in place. */
  onHead: (() => void) | undefined;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #settings: FollowerSettings;
  #closed = false;
  #subscribed = false;
  /** Messages that came, ever. */
  #heard = 0;
  #reading: Promise<void> | undefined;
  /** Somebody asked for a read while one was under way: at once, or unless that one fails. */
  #again = false;
  #wanted = false;
  /** Entries that came while a read was under way. */
  readonly #buffer: Commit[] = [];
  /** In a row. */
  #failures = 0;
  /** What the engine tells cannot be applied to this copy: only the whole state will do. */
  #unusable = false;
  /** Since when the engine has been behind this copy: milliseconds elapsed. */
  #aheadSince: number | undefined;
  #cancelJoin: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(key: string, engine: Engine, settings: FollowerSettings, clock: Clock) {
    this.key = key;
    this.#engine = engine;
    this.#clock = clock;
    this.#settings = settings;
    this.stream = followStream({ ...settings.stream, onWaiting: () => this.#waiting() }, clock);
    void this.#join();
  }

  /**
   * Looks whether the engine is where this copy is, given its head where that is known. `doubt`: if there is news that no
   * message told of, subscribe anew; a subscription can be dead although the connection lives.
   */
  async check({ head, doubt = false }: { head?: Position | undefined; doubt?: boolean } = {}): Promise<void> {
    const before = this.stream.position;
    if (head !== undefined) this.head = head;
    if (head !== undefined && before !== undefined && isSame(head, before)) return this.#fresh();
    const heard = this.#heard;
    await this.#read();
    const after = this.stream.position;
    if (!doubt || this.#closed || !this.#subscribed || before === undefined || after === undefined) return;
    if (heard === this.#heard && !isSame(before, after)) await this.#resubscribe();
  }

  /** The engine has appended this commit for a writer of this node; its message may come later, or never. */
  appended(commit: Commit): void {
    if (this.#closed || this.stream.position === undefined) return;
    if (this.#reading === undefined) this.#take(commit);
    else this.#buffer.push(commit);
  }

  /** The engine cannot be reached: what clients have may be old. */
  lost(): void {
    if (this.#closed || this.stream.position === undefined) return;
    this.staleSince ??= this.#clock.now();
    this.stream.stale = true;
  }

  async close(ending: Parameters<FollowedStream["close"]>[0]): Promise<void> {
    this.#closed = true;
    this.onHead = undefined;
    this.#cancelJoin?.();
    this.#cancelRetry?.();
    this.#cancelLook?.();
    // If the engine does not hear of it, what it still tells is not listened to.
    await Promise.all([this.stream.close(ending), this.#engine.unsubscribe(this.key).catch(() => undefined)]);
  }

  async #join(): Promise<void> {
    try {
      await this.#engine.subscribe(this.key, (message) => this.#hear(message));
    } catch (cause) {
      if (this.#closed) return;
      this.#report("subscribed to", cause);
      this.#cancelJoin = this.#clock.after(this.#backoff(), () => void this.#join());
      return;
    }
    // Confirmed first: what is appended from here on is heard, and held until the read is done.
    this.#subscribed = true;
    // The lease may have been released before this subscription could hear of it.
    this.onHead?.();
    await this.#read();
  }

  async #resubscribe(): Promise<void> {
    this.#subscribed = false;
    this.counted.resubscribed++;
    // Whatever becomes of it, the next one says whether there is a subscription.
    await this.#engine.unsubscribe(this.key).catch(() => undefined);
    if (!this.#closed) await this.#join();
  }

  #hear(message: Message): void {
    if (this.#closed) return;
    this.#heard++;
    if (message.kind === "head") {
      this.onHead?.();
      void this.#read();
    } else if (this.#reading === undefined) this.#take(message.entry);
    else if (this.#buffer.length < MAX_BUFFERED) this.#buffer.push(message.entry);
    else this.#wanted = true;
  }

  /** Follows an entry, if it goes on where this copy is; else the engine is asked what lies between. */
  #take(entry: Commit): void {
    const { stream } = this;
    const { position } = stream;
    const at = { epoch: entry.epoch, seq: entry.last };
    if (position === undefined || stream.includes(at)) return;
    this.head = at;
    if (entry.first !== position.seq + 1 || entry.previous !== position.epoch) return this.#readInTime();
    try {
      stream.follow(entry);
      this.#fresh();
    } catch {
      // The read says what is wrong, if it is met there too.
      this.#unusable = true;
      this.#readInTime();
    }
  }

  /** Reads, unless that has just failed: then it is tried again in a while, however many ask for it. */
  #readInTime(): void {
    if (this.#reading !== undefined) this.#wanted = true;
    else if (this.#cancelRetry === undefined) void this.#read();
  }

  /** One read at a time; whoever asks meanwhile is served by the next. */
  #read(): Promise<void> {
    // Before the first subscription a read would miss what comes after it.
    if (this.#closed || (!this.#subscribed && this.stream.position === undefined)) return Promise.resolve();
    this.#again = true;
    this.#reading ??= this.#readUntilServed();
    return this.#reading;
  }

  async #readUntilServed(): Promise<void> {
    do {
      this.#again = false;
      this.#wanted = false;
      this.#cancelRetry?.();
      this.#cancelRetry = undefined;
      await this.#readOnce();
      for (const entry of this.#buffer.splice(0)) this.#take(entry);
    } while (!this.#closed && (this.#again || (this.#wanted && this.#cancelRetry === undefined)));
    this.#reading = undefined;
  }

  async #readOnce(): Promise<void> {
    const startedAt = this.#clock.elapsed();
    const { position } = this.stream;
    try {
      let why: Resync | undefined = this.#unusable ? "unusable" : undefined;
      let reply = await this.#ask(why === undefined ? position : undefined);
      if (reply.status === "ahead" && this.#isPatienceOver()) {
        // It will not come back to where this copy is: what it has is the truth now.
        why = "rolled-back";
        reply = await this.#ask(undefined);
      }
      if (this.#closed) return;
      if (reply.status !== "empty") this.head = reply.head;
      if (reply.status === "ahead") {
        // Its writer may repair it.
        this.#aheadSince ??= startedAt;
        this.#retryIn(100 + 200 * this.#clock.random());
        return;
      }
      if (reply.status === "tail") for (const entry of reply.entries) this.stream.follow(entry);
      else if (reply.status === "snapshot") this.#adopt(reply, why ?? this.#reasonOf(reply.head));
      else {
        // Its writer puts it in place again.
        this.#aheadSince = undefined;
        this.lost();
        this.#retryIn(this.#backoff());
        return;
      }
      this.#failures = 0;
      this.#unusable = false;
      this.#fresh();
      this.#answer(startedAt);
    } catch (cause) {
      if (this.#closed) return;
      if (cause instanceof StateStreamError && cause.code === "invalid-commit") this.#unusable = true;
      // Nobody could have repaired it meanwhile.
      this.#aheadSince = undefined;
      this.lost();
      this.#report("read", cause);
      this.#retryIn(this.#backoff());
    }
  }

  #ask(have: Position | undefined): Promise<ReadReply> {
    this.counted.reads++;
    return this.#engine.read(this.key, have);
  }

  #adopt({ checkpoint, entries }: Snapshot, why: Resync): void {
    // What could not be used is tried on another copy first: clients are not to be given a part of it again and again.
    if (this.#unusable) checkpointAtHead(checkpoint.body, entries, this.#clock);
    if (this.stream.position !== undefined) this.counted.resyncs[why] = (this.counted.resyncs[why] ?? 0) + 1;
    this.stream.adopt(checkpoint.body, entries);
  }

  /** Why a copy that is at a position is given another state. */
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

  /** A client waits: for the first state, or to hear whether its position is one of this stream's. */
  #waiting(): void {
    this.#readInTime();
    this.#cancelLook ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  /**
   * What the engine was asked then is all there is to know of those that had come. Whoever is ahead of it waits a while
   * longer: who was told of a newer state must not be shown an older one of the same line.
   */
  #answer(askedAt: number): void {
    this.stream.settle({ ahead: false, cameBy: askedAt });
    this.stream.settle({ ahead: true, cameBy: askedAt - this.#patienceMs });
  }

  get #patienceMs(): number {
    return Math.min(REPAIR_MS, this.#settings.joinMs / 2);
  }

  #look(): void {
    this.#cancelLook = undefined;
    const elapsed = this.#clock.elapsed();
    this.stream.refuse({ cameBy: elapsed - this.#settings.joinMs });
    const since = this.stream.waitingSince;
    if (since === undefined) return;
    if (elapsed - since >= this.#patienceMs) this.#readInTime();
    this.#cancelLook = this.#clock.after(LOOK_MS, () => this.#look());
  }

  #retryIn(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.after(ms, () => void this.#read());
  }

  /** Milliseconds: longer with each failure in a row, and never the same for all nodes. */
  #backoff(): number {
    return Math.min(MAX_BACKOFF_MS, 100 * 2 ** this.#failures++) * (0.5 + this.#clock.random() / 2);
  }

  /** Of failures in a row, the first is told. */
  #report(what: string, cause: unknown): void {
    if (this.#failures > 0) return;
    const next = "It is retried; clients keep their state.";
    this.#settings.report(failure("backplane-failed", `The stream "${this.key}" could not be ${what}`, cause, next));
  }
}
