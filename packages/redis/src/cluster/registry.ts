import type { Ending } from "@statestream/core";
import { type Clock, type FollowedStream, followStream } from "@statestream/core/backplane";
import type { CommitBudget } from "./commit-budget.ts";
import type { Engine } from "./engine.ts";
import { failure } from "./failures.ts";
import { Follower, type FollowerSettings } from "./follower.ts";
import { LogAge } from "./log-age.ts";

export interface RegistrySettings extends FollowerSettings {
  /** How long a stream is kept without clients, and how often a quiet one is compared with the engine, in milliseconds. */
  readonly idleMs: number;
  readonly checkMs: number;
  /** How many copies there are at most, and about how many bytes they take, unless writers need more. */
  readonly maxStreams: number;
  readonly maxBytes: number;
  /** What the writers of this node keep, which counts too. */
  readonly commits: CommitBudget;
}

interface Member {
  readonly follower: Follower;
  readonly logAge: LogAge;
  /** How many writers and subscribers of this node need it. */
  pins: number;
  /** When it was first seen without a client or a writer, since it last had one: milliseconds elapsed. */
  idleSince: number | undefined;
}

/** How many heads are read at a time. */
const HEADS = 500;

/** Where there is no more room, one copy in so many is dropped beyond what is needed. */
const SPARE = 20;

/** The streams that this node has a copy of: joined when they are needed, dropped after they have been idle for a while. */
export class Registry {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #settings: RegistrySettings;
  readonly #members = new Map<string, Member>();
  readonly #stopListening: () => void;
  #cancelTimer: (() => void) | undefined;
  #checking = false;
  /** All copies must be compared once the comparison under way is done. */
  #checkAll = false;
  #closing: Ending | undefined;
  #nothing: FollowedStream | undefined;

  constructor(engine: Engine, settings: RegistrySettings, clock: Clock) {
    this.#engine = engine;
    this.#settings = settings;
    this.#clock = clock;
    this.#stopListening = engine.onChange((change, affects) => this.#changed(change, affects));
    this.#arm();
  }

  get size(): number {
    return this.#members.size;
  }

  /** About how many bytes the copies take, and what the writers of this node keep. */
  get bytes(): number {
    let { bytes } = this.#settings.commits;
    for (const { follower } of this.#members.values()) bytes += follower.stream.bytes;
    return bytes;
  }

  get closing(): Ending | undefined {
    return this.#closing;
  }

  /** The keys of the streams this node has a copy of. */
  keys(): Iterable<string> {
    return this.#members.keys();
  }

  /** The copy of a stream, if there is one. */
  find(key: string): Follower | undefined {
    return this.#members.get(key)?.follower;
  }

  /** The copy of a stream for a client; where there are too many copies, a stream that refuses connections. */
  stream(key: string): FollowedStream {
    const member = this.#members.get(key);
    if (member !== undefined) {
      member.idleSince = undefined;
      member.follower.needed();
      return member.follower.stream;
    }
    if (this.#closing === undefined && this.#hasRoom()) return this.#join(key).follower.stream;
    return this.nothing;
  }

  /** A stream without a state, which refuses connections. */
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
    const member = this.#members.get(key) ?? this.#join(key);
    member.pins++;
    member.follower.needed();
    return member.follower;
  }

  unpin(key: string): void {
    const member = this.#members.get(key);
    if (member === undefined) return;
    member.pins--;
  }

  async close(ending: Ending): Promise<void> {
    this.#closing = ending;
    this.#cancelTimer?.();
    this.#stopListening();
    await Promise.all([...this.#members.values()].map(({ follower }) => follower.close(ending)));
    await this.#nothing?.close(ending);
  }

  #join(key: string): Member {
    const follower = new Follower(key, this.#engine, this.#settings, this.#clock, () => isUsed(member));
    const member: Member = { follower, logAge: new LogAge(), pins: 0, idleSince: undefined };
    this.#members.set(key, member);
    if (this.#engine.downSince !== undefined) follower.lost();
    return member;
  }

  /** Drops copies that nobody uses, until there is room for one more. */
  #hasRoom(): boolean {
    const { maxStreams, maxBytes } = this.#settings;
    let { bytes } = this;
    if (this.size < maxStreams && bytes < maxBytes) return true;
    const unused = [...this.#members.values()].filter((member) => !isUsed(member));
    unused.sort((a, b) => (a.idleSince ?? Infinity) - (b.idleSince ?? Infinity) || 0);
    // Some more than needed, so that not every new stream has to look at all of them.
    const [most, mostBytes] = [maxStreams - maxStreams / SPARE, maxBytes - maxBytes / SPARE];
    for (const member of unused) {
      if (this.size < most && bytes < mostBytes) break;
      bytes -= member.follower.stream.bytes;
      this.#forget(member);
    }
    return this.size < maxStreams && bytes < maxBytes;
  }

  #forget({ follower }: Member): void {
    this.#members.delete(follower.key);
    void follower.close({ reason: "unavailable", retry: true });
  }

  #changed(change: "up" | "down", affects: (key: string) => boolean = () => true): void {
    if (change === "up") return void this.#check(({ key }) => affects(key));
    for (const { follower } of this.#members.values()) if (affects(follower.key)) follower.lost();
  }

  #arm(): void {
    this.#cancelTimer = this.#clock.after(this.#settings.checkMs * (0.75 + this.#clock.random() / 2), () => {
      this.#arm();
      const now = this.#clock.elapsed();
      this.#settings.commits.expire(now);
      for (const member of this.#members.values()) {
        member.logAge.limit(member.follower.stream, now);
        member.idleSince = isUsed(member) ? undefined : (member.idleSince ?? now);
        if (member.idleSince !== undefined && now - member.idleSince >= this.#settings.idleMs) this.#forget(member);
      }
      if (!this.#checking) void this.#check(({ checkedAt }) => now - checkedAt >= this.#settings.checkMs / 2, true);
    });
  }

  /** Compares copies with the engine: a message may have been lost, or, if there is `doubt`, a subscription. */
  async #check(isDue: (follower: Follower) => boolean, doubt = false): Promise<void> {
    if (this.#checking) {
      this.#checkAll = true;
      return;
    }
    this.#checking = true;
    const followers = [...this.#members.values()].map(({ follower }) => follower).filter(isDue);
    for (let start = 0; start < followers.length && this.#closing === undefined; start += HEADS) {
      await this.#compare(followers.slice(start, start + HEADS), doubt);
    }
    this.#checking = false;
    if (!this.#checkAll || this.#closing !== undefined) return;
    this.#checkAll = false;
    await this.#check(() => true);
  }

  async #compare(followers: readonly Follower[], doubt: boolean): Promise<void> {
    try {
      const heads = await this.#engine.heads(followers.map(({ key }) => key));
      await Promise.all(
        followers.map(async (follower, index) => {
          const head = heads[index];
          if (head === "unknown") follower.lost();
          else await follower.check({ head, doubt });
        }),
      );
    } catch (cause) {
      if (this.#closing !== undefined) return;
      for (const follower of followers) follower.lost();
      const next = "It is retried; clients keep their state.";
      this.#settings.report(failure("backplane-failed", "Streams could not be compared with the engine", cause, next));
    }
  }
}

function isUsed({ follower, pins }: Member): boolean {
  return pins > 0 || follower.stream.stats().connections > 0;
}
