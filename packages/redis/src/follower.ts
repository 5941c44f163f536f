import { StateStreamError } from "@statestream/core";
import { type Clock, type FollowedStream, type FollowedStreamOptions, followStream } from "@statestream/core/backplane";
import type { Engine, Entry, Message, Position } from "./engine.ts";

export interface FollowerSettings {
  readonly stream: Omit<FollowedStreamOptions, "onWaiting">;
  /** How long a client waits for a state before it is sent away, in milliseconds. */
  readonly joinMs: number;
  readonly onError: ((error: StateStreamError) => void) | undefined;
}

/** How long the engine is given to come back to where this node is, in milliseconds: its writer repairs it meanwhile. */
const REPAIR_MS = 2000;

/** How often it is looked whether clients that wait can be answered, in milliseconds. */
const LOOK_MS = 250;

/** How many entries are kept while a read is under way; beyond, it is read once more instead. */
const MAX_BUFFERED = 1000;

/** What a stream was read for, beside the first time. */
type Resync = "gap" | "diverged" | "rolled-back" | "unusable";

/** Keeps a copy of one stream at the engine's head: subscribes, reads, follows, and reads again where the chain breaks. */
export class Follower {
  readonly key: string;
  readonly stream: FollowedStream;
  readonly counted: { reads: number; resyncs: Partial<Record<Resync, number>> } = {
    reads: 0,
    resyncs: {},
  };
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
  #reading: Promise<void> | undefined;
  #again = false;
  /** Entries that came while a read was under way. */
  #buffer: Entry[] = [];
  #failures = 0;
  /** What the engine tells cannot be applied to this copy: only the whole state will do. */
  #unusable = false;
  /** Since when the engine has been behind this copy: milliseconds elapsed. */
  #aheadSince: number | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelWaiting: (() => void) | undefined;

  constructor(key: string, engine: Engine, settings: FollowerSettings, clock: Clock) {
    this.key = key;
    this.#engine = engine;
    this.#clock = clock;
    this.#settings = settings;
    this.stream = followStream({ ...settings.stream, onWaiting: () => this.#waiting() }, clock);
    void this.#join();
  }

  /** Looks whether the engine is where this copy is, given its head where that is known. */
  check(head?: Position): Promise<void> {
    const { position } = this.stream;
    if (head !== undefined) this.head = head;
    if (head !== undefined && position !== undefined && same(head, position)) {
      this.#fresh();
      return Promise.resolve();
    }
    return this.#read();
  }

  /** The engine cannot be reached: what clients have may be old. */
  lost(): void {
    if (this.stream.position === undefined) return;
    this.staleSince ??= this.#clock.now();
    this.stream.stale = true;
  }

  async close(ending: Parameters<FollowedStream["close"]>[0]): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelWaiting?.();
    await Promise.all([this.stream.close(ending), this.#engine.unsubscribe(this.key).catch(() => undefined)]);
  }

  async #join(): Promise<void> {
    try {
      await this.#engine.subscribe(this.key, (message) => this.#hear(message));
    } catch (cause) {
      if (this.#closed) return;
      this.#report("subscribed to", cause);
      this.#cancelRetry = this.#clock.after(this.#backoff(), () => void this.#join());
      return;
    }
    // Confirmed first: what is appended from here on is heard, and held until the read is done.
    this.#subscribed = true;
    await this.#read();
  }

  #hear(message: Message): void {
    if (this.#closed) return;
    if (message.kind === "head") {
      this.onHead?.();
      void this.#read();
      return;
    }
    const { entry } = message;
    this.head = { epoch: entry.epoch, seq: entry.last };
    if (this.#reading === undefined) this.#take(entry);
    else if (this.#buffer.length < MAX_BUFFERED) this.#buffer.push(entry);
    else this.#again = true;
  }

  /** Follows an entry, if it goes on where this copy is; else the engine is asked what lies between. */
  #take(entry: Entry): void {
    const { stream } = this;
    const { position } = stream;
    if (position === undefined || stream.includes({ epoch: entry.epoch, seq: entry.last })) return;
    if (entry.first !== position.seq + 1 || entry.previous !== position.epoch) {
      void this.#read();
      return;
    }
    try {
      stream.follow(entry);
      this.#fresh();
    } catch {
      // The read says what is wrong, if it is met there too.
      this.#unusable = true;
      void this.#read();
    }
  }

  /** One read at a time; whoever asks meanwhile is served by it, or by the next. */
  #read(): Promise<void> {
    if (this.#closed || !this.#subscribed) return Promise.resolve();
    if (this.#reading !== undefined) {
      this.#again = true;
      return this.#reading;
    }
    this.#cancelRetry?.();
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = undefined;
      const buffered = this.#buffer;
      this.#buffer = [];
      for (const entry of buffered) this.#take(entry);
      if (this.#again && this.#reading === undefined) void this.#read();
      this.#again = false;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const position = this.stream.position;
    // The engine behind this copy for too long will not come back to it: what it has is the truth now.
    const left = this.#aheadSince !== undefined && this.#clock.elapsed() - this.#aheadSince >= REPAIR_MS;
    const have = left || this.#unusable ? undefined : position;
    try {
      this.counted.reads++;
      const reply = await this.#engine.read(this.key, have);
      if (this.#closed) return;
      this.#failures = 0;
      if (reply.status !== "empty") this.head = reply.head;
      if (reply.status === "tail") {
        for (const entry of reply.entries) this.stream.follow(entry);
        this.#fresh();
      } else if (reply.status === "snapshot") {
        if (position !== undefined)
          this.#count(left ? "rolled-back" : this.#unusable ? "unusable" : this.#reasonOf(reply.head));
        this.stream.adopt(reply.checkpoint.body, reply.entries);
        this.#fresh();
      } else if (reply.status === "ahead") {
        // Its writer may repair it.
        this.#aheadSince ??= this.#clock.elapsed();
        this.#retryIn(100 + 200 * this.#clock.random());
      } else {
        // Its writer puts it in place again.
        this.lost();
        this.#retryIn(this.#backoff());
      }
    } catch (cause) {
      if (cause instanceof StateStreamError && cause.code === "invalid-commit") this.#unusable = true;
      this.lost();
      this.#report("read", cause);
      this.#retryIn(this.#backoff());
    }
  }

  /** Why a copy that is at a position is given another state. */
  #reasonOf(head: Position): Resync {
    const { position } = this.stream;
    return position !== undefined && head.seq > position.seq && head.epoch === position.epoch ? "gap" : "diverged";
  }

  #fresh(): void {
    this.#aheadSince = undefined;
    this.#unusable = false;
    this.checkedAt = this.#clock.elapsed();
    this.staleSince = undefined;
    this.stream.stale = false;
    this.stream.settle({ ahead: false });
  }

  #count(reason: Resync): void {
    this.counted.resyncs[reason] = (this.counted.resyncs[reason] ?? 0) + 1;
  }

  /** A client waits: for the first state, or to hear whether its position is one of this stream's. */
  #waiting(): void {
    void this.#read();
    if (this.#cancelWaiting !== undefined) return;
    const since = this.#clock.elapsed();
    const lookIn = (ms: number): void => {
      this.#cancelWaiting = this.#clock.after(ms, () => {
        this.#cancelWaiting = undefined;
        // Where the engine cannot be asked, whoever was told of a newer state must not be shown an older one.
        if (this.checkedAt >= since) this.stream.settle({ ahead: true });
        else if (this.#clock.elapsed() - since >= this.#settings.joinMs) this.stream.refuse();
        else lookIn(LOOK_MS);
      });
    };
    lookIn(Math.min(REPAIR_MS, this.#settings.joinMs));
  }

  #retryIn(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.after(ms, () => void this.#read());
  }

  /** Milliseconds: longer with each failure in a row, and never the same for all nodes. */
  #backoff(): number {
    const most = Math.min(2000, 100 * 2 ** this.#failures++);
    return most * (0.5 + this.#clock.random() / 2);
  }

  #report(what: string, cause: unknown): void {
    const message = `The stream "${this.key}" could not be ${what}: ${textOf(cause)}. It is tried again; clients keep what they have.`;
    this.#settings.onError?.(new StateStreamError("backplane-failed", message, { cause }));
  }
}

function same(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.epoch === b.epoch;
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
