import { StateStreamError } from "@statestream/core";
import { type Clock, type FollowedStream, followStream } from "@statestream/core/backplane";
import type { Engine } from "./engine.ts";
import { Follower, type FollowerSettings } from "./follower.ts";

export interface RegistrySettings extends FollowerSettings {
  /** How long a stream is kept without clients, and how often one without news is compared with the engine, in milliseconds. */
  readonly idleMs: number;
  readonly checkMs: number;
  readonly maxStreams: number;
  readonly maxBytes: number;
}

interface Member {
  readonly follower: Follower;
  /** How many writers of this node need it. */
  pins: number;
  /** When it last had a client: milliseconds elapsed. */
  usedAt: number;
}

type Ending = NonNullable<FollowedStream["closing"]>;

/** How many heads are asked for at a time. */
const HEADS = 200;

/** The streams this node has a copy of: joined when they are needed, forgotten a while after. */
export class Registry {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #settings: RegistrySettings;
  readonly #members = new Map<string, Member>();
  readonly #stopListening: () => void;
  #cancelTimer: (() => void) | undefined;
  #checking = false;
  #closing: Ending | undefined;
  #nothing: FollowedStream | undefined;

  constructor(engine: Engine, settings: RegistrySettings, clock: Clock) {
    this.#engine = engine;
    this.#settings = settings;
    this.#clock = clock;
    this.#stopListening = engine.onChange((change) => this.#changed(change));
    this.#arm();
  }

  get size(): number {
    return this.#members.size;
  }

  /** About how many bytes the copies take. */
  get bytes(): number {
    let bytes = 0;
    for (const { follower } of this.#members.values()) bytes += follower.stream.bytes;
    return bytes;
  }

  get closing(): Ending | undefined {
    return this.#closing;
  }

  /** The copy of a stream, if there is one. */
  find(key: string): Follower | undefined {
    return this.#members.get(key)?.follower;
  }

  /** The copy of a stream for a client: one that lets nobody in, where there are too many. */
  stream(key: string): FollowedStream {
    const member = this.#members.get(key);
    if (member !== undefined) return member.follower.stream;
    if (this.#closing === undefined && this.#hasRoom()) return this.#join(key).follower.stream;
    return this.nothing;
  }

  /** A stream that has no state and lets nobody in. */
  get nothing(): FollowedStream {
    if (this.#nothing === undefined) {
      const options = { ...this.#settings.stream, maxConnections: 0, onWaiting: () => undefined };
      this.#nothing = followStream(options, this.#clock);
      if (this.#closing !== undefined) void this.#nothing.close(this.#closing);
    }
    return this.#nothing;
  }

  /** The copy of a stream for a writer, kept until it is released. */
  pin(key: string): Follower {
    if (this.#closing !== undefined)
      throw new StateStreamError("stream-closed", "The backplane is closed; make a new one.");
    const member = this.#members.get(key) ?? this.#join(key);
    member.pins++;
    return member.follower;
  }

  unpin(key: string): void {
    const member = this.#members.get(key);
    if (member === undefined) return;
    member.pins--;
    member.usedAt = this.#clock.elapsed();
  }

  async close(ending: Ending): Promise<void> {
    this.#closing = ending;
    this.#cancelTimer?.();
    this.#stopListening();
    await Promise.all([...this.#members.values()].map(({ follower }) => follower.close(ending)));
    await this.#nothing?.close(ending);
  }

  #join(key: string): Member {
    const follower = new Follower(key, this.#engine, this.#settings, this.#clock);
    const member = { follower, pins: 0, usedAt: this.#clock.elapsed() };
    this.#members.set(key, member);
    if (this.#engine.downSince !== undefined) follower.lost();
    return member;
  }

  /** Makes room for one more, of streams that nobody uses. */
  #hasRoom(): boolean {
    const { maxStreams, maxBytes } = this.#settings;
    const isFull = (): boolean => this.size >= maxStreams || this.bytes >= maxBytes;
    if (!isFull()) return true;
    const unused = [...this.#members.values()].filter((member) => !isUsed(member)).sort((a, b) => a.usedAt - b.usedAt);
    for (const member of unused) {
      this.#forget(member);
      if (!isFull()) return true;
    }
    return false;
  }

  #forget({ follower }: Member): void {
    this.#members.delete(follower.key);
    void follower.close({ reason: "unavailable", retry: true });
  }

  #changed(change: "up" | "down"): void {
    if (change === "down") for (const { follower } of this.#members.values()) follower.lost();
    else void this.#check(() => true);
  }

  #arm(): void {
    this.#cancelTimer = this.#clock.after(this.#settings.checkMs * (0.75 + this.#clock.random() / 2), () => {
      this.#arm();
      const now = this.#clock.elapsed();
      for (const member of this.#members.values()) {
        if (isUsed(member)) member.usedAt = now;
        else if (now - member.usedAt >= this.#settings.idleMs) this.#forget(member);
      }
      void this.#check(({ checkedAt }) => now - checkedAt >= this.#settings.checkMs / 2);
    });
  }

  /** Compares copies with the engine: a message may have been lost, or a subscription. */
  async #check(isDue: (follower: Follower) => boolean): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const followers = [...this.#members.values()].map(({ follower }) => follower).filter(isDue);
    for (let start = 0; start < followers.length; start += HEADS) {
      const some = followers.slice(start, start + HEADS);
      try {
        const heads = await this.#engine.heads(some.map(({ key }) => key));
        for (const [index, follower] of some.entries()) void follower.check(heads[index]);
      } catch {
        // The engine itself says that it is down; each copy says that it is old.
        for (const follower of some) follower.lost();
      }
    }
    this.#checking = false;
  }
}

function isUsed({ follower, pins }: Member): boolean {
  return pins > 0 || follower.stream.stats().connections > 0;
}
