import { entryArgs, HEAD, parseEntries, parseMessage, parsePosition } from "./codec.ts";
import type {
  AcquireReply,
  AppendReply,
  AppendRequest,
  Checkpoint,
  Engine,
  InstallReply,
  InstallRequest,
  Message,
  Position,
  PublishReply,
  PublishRequest,
  ReadReply,
} from "../cluster/engine.ts";
import { Health } from "../cluster/health.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { RedisClient } from "./redis-client.ts";
import { connectorOf } from "./drivers.ts";
import {
  ACQUIRE,
  ANSWER,
  APPEND,
  CHECKPOINT,
  HEADS,
  INSTALL,
  POST,
  PROBE,
  PUBLISH,
  READ,
  RELEASE,
  type Script,
} from "./scripts.ts";
import { Subscriber } from "./subscriber.ts";

/** How many streams one script looks at: nothing else happens in Redis meanwhile. */
const HEADS_AT_ONCE = 500;

/** How long the difference of the clocks is relied upon, in milliseconds. */
const CLOCK_MS = 10_000;

export interface RedisEngineOptions {
  /** A client whose options are used; two connections of our own are made from it. */
  readonly redis: RedisClient;
  /** What all keys and channels begin with. */
  readonly prefix: string;
  /** How long a stream is kept that nobody leads, in milliseconds. */
  readonly expireMs: number;
  /** Told what goes wrong between calls: lost connections, messages that nobody of us wrote, listeners that throw. */
  readonly onError: (error: Error) => void;
  /** Between two probes; three missed ones mean down. @defaultValue 1000 */
  readonly probeMs?: number;
  /** How long a call may take before it is rejected. @defaultValue 2000 */
  readonly deadlineMs?: number;
}

/** The engine in Redis 7.0 or later, or Valkey: a primary, reached at one address. */
export class RedisEngine implements Engine {
  readonly #prefix: string;
  readonly #expireMs: string;
  readonly #onError: (error: Error) => void;
  readonly #commands: Link;
  readonly #subscriber: Subscriber;
  readonly #health: Health;
  /** How far Redis' clock is ahead of `performance.now()`, and when that was looked up. */
  #clock: { readonly at: number; readonly ahead: number } | undefined;

  constructor({ redis, prefix, expireMs, onError, probeMs = 1000, deadlineMs = 2000 }: RedisEngineOptions) {
    this.#prefix = prefix;
    this.#expireMs = String(expireMs);
    this.#onError = onError;
    const link: LinkOptions = { connect: connectorOf(redis), deadlineMs, onError };
    this.#commands = new Link(link, (_client, again) => this.#health.connected(again));
    this.#subscriber = new Subscriber(link, (again) => this.#health.connected(again));
    const probe = `${prefix}:probe:${crypto.randomUUID()}`;
    this.#health = new Health({
      probeMs,
      send: (n) => this.#probe(probe, n),
      reopenCommands: () => this.#commands.reopen(),
      reopenMessages: () => this.#subscriber.reopen(),
    });
    this.#commands.reopen();
    this.#subscriber.reopen();
    // A rejection says only that it takes long; it is subscribed as soon as there is a connection.
    this.#subscriber.subscribe(probe, (n) => this.#health.heard(Number(n))).catch(() => {});
  }

  get downSince(): number | undefined {
    return this.#health.downSince;
  }

  onChange(listener: (change: "up" | "down") => void): () => void {
    return this.#health.onChange(listener);
  }

  async publish(key: string, request: PublishRequest): Promise<PublishReply> {
    const { owner, entries, checkpoint, keepFrom, leaseMs, answers, answerMs } = request;
    const names = [...this.#names(key), ...answers.map(({ id }) => this.#name(key, "i", id))];
    const [status, epoch, seq, broken] = await this.#eval(PUBLISH, names, [
      this.#name(key, "c"),
      owner,
      String(keepFrom),
      String(leaseMs),
      this.#expireMs,
      ...(checkpoint ? [checkpoint.position.epoch, String(checkpoint.position.seq), checkpoint.body] : ["", "", ""]),
      String(answerMs),
      ...answers.map(({ text }) => text),
      ...entries.flatMap(entryArgs),
    ]);
    if (status === "empty") return { status };
    const head = parsePosition(epoch, seq);
    if (status === "ok") return { status, head, broken: broken === "1" };
    return { status: status as "fenced" | "behind" | "conflict", head };
  }

  async read(key: string, have: Position | undefined): Promise<ReadReply> {
    const args = have ? [have.epoch, String(have.seq)] : ["", ""];
    const [status, epoch, seq, entries, ...checkpoint] = await this.#run(READ, key, args);
    if (status === "empty") return { status };
    const head = parsePosition(epoch, seq);
    if (status === "tail") return { status, head, entries: parseEntries(entries) };
    if (status !== "snapshot") return { status: status as "broken" | "ahead", head };
    const [checkpointEpoch, checkpointSeq, body] = checkpoint;
    return {
      status,
      head,
      checkpoint: { position: parsePosition(checkpointEpoch, checkpointSeq), body: body as string },
      entries: parseEntries(entries),
    };
  }

  async append(key: string, { id, idMs, commit }: AppendRequest): Promise<AppendReply> {
    const names = [...this.#names(key), this.#name(key, "i", id)];
    const args = [this.#name(key, "c"), this.#expireMs, String(idMs), ...entryArgs(commit)];
    const [status, ...rest] = await this.#eval(APPEND, names, args);
    if (status === "empty") return { status };
    if (status === "ok") return { status, due: rest[0] === "1" };
    if (status === "held") return { status, remainingMs: Number(rest[0]) };
    const position = parsePosition(rest[0], rest[1]);
    return status === "done" ? { status, position } : { status: "conflict", head: position };
  }

  async putCheckpoint(key: string, { position: { epoch, seq }, body }: Checkpoint): Promise<void> {
    await this.#run(CHECKPOINT, key, [this.#expireMs, epoch, String(seq), body]);
  }

  async answerOf(key: string, id: string): Promise<string | undefined> {
    const [text] = await this.#eval(ANSWER, [this.#name(key, "m"), this.#name(key, "i", id)], []);
    return text === "" ? undefined : (text as string);
  }

  async post(key: string, box: string, text: string, withinMs: number): Promise<number> {
    const until = performance.now() + withinMs;
    const names = [this.#name(key, "m")];
    // Redis judges by its own clock, whose difference from ours is looked up now and then.
    if (this.#clock === undefined || performance.now() - this.#clock.at > CLOCK_MS) {
      const [, now] = await this.#eval(POST, names, ["", "", "0"]);
      this.#clock = { at: performance.now(), ahead: Number(now) - performance.now() };
    }
    const latest = Math.floor(until + this.#clock.ahead);
    const [count] = await this.#eval(POST, names, [this.#box(key, box), text, String(latest)]);
    return Number(count);
  }

  listen(key: string, box: string, listener: (text: string) => void): Promise<void> {
    return this.#subscriber.subscribe(this.#box(key, box), listener);
  }

  unlisten(key: string, box: string): Promise<void> {
    return this.#subscriber.unsubscribe(this.#box(key, box));
  }

  async install(key: string, { owner, checkpoint, entries, leaseMs, force }: InstallRequest): Promise<InstallReply> {
    const [status] = await this.#run(INSTALL, key, [
      this.#name(key, "c"),
      HEAD,
      owner,
      force ? "1" : "0",
      String(leaseMs),
      this.#expireMs,
      checkpoint.position.epoch,
      String(checkpoint.position.seq),
      checkpoint.body,
      ...entries.flatMap(entryArgs),
    ]);
    return { status: status as InstallReply["status"] };
  }

  async acquire(key: string, owner: string, leaseMs: number): Promise<AcquireReply> {
    const args = [owner, String(leaseMs), this.#expireMs];
    const [status, ...rest] = await this.#run(ACQUIRE, key, args);
    if (status === "empty") return { status };
    if (status === "held") return { status, remainingMs: Number(rest[0]) };
    const [epoch, seq, broken] = rest;
    return { status: "ok", head: parsePosition(epoch, seq), broken: broken === "1" };
  }

  async release(key: string, owner: string): Promise<void> {
    await this.#run(RELEASE, key, [this.#name(key, "c"), HEAD, owner]);
  }

  async heads(keys: readonly string[]): Promise<(Position | undefined)[]> {
    const heads: (Position | undefined)[] = [];
    for (let from = 0; from < keys.length; from += HEADS_AT_ONCE) {
      const names = keys.slice(from, from + HEADS_AT_ONCE).map((key) => this.#name(key, "m"));
      const reply = await this.#eval(HEADS, names, []);
      for (let i = 0; i < reply.length; i += 2)
        heads.push(reply[i] === "" ? undefined : parsePosition(reply[i], reply[i + 1]));
    }
    return heads;
  }

  subscribe(key: string, listener: (message: Message) => void): Promise<void> {
    return this.#subscriber.subscribe(this.#name(key, "c"), (text) => {
      const message = parseMessage(text);
      if (message) listener(message);
      else this.#onError(new Error(`A message on the channel of "${key}" is not of this library`));
    });
  }

  unsubscribe(key: string): Promise<void> {
    return this.#subscriber.unsubscribe(this.#name(key, "c"));
  }

  async close(): Promise<void> {
    this.#health.close();
    this.#commands.close();
    this.#subscriber.close();
  }

  /**
   * The meta, log, checkpoint ("s"), channel or a write's ID of a stream. The braces put all of them in one slot of a
   * cluster, whatever the key looks like.
   */
  #name(key: string, part: "m" | "l" | "s" | "c" | "i", id?: string): string {
    const name = `${this.#prefix}:{${encoded(key)}}:${part}`;
    return id === undefined ? name : `${name}:${encoded(id)}`;
  }

  #names(key: string): string[] {
    return [this.#name(key, "m"), this.#name(key, "l"), this.#name(key, "s")];
  }

  /** The channel of a box. */
  #box(key: string, box: string): string {
    return `${this.#prefix}:{${encoded(key)}}:${box}`;
  }

  #run(script: Script, key: string, args: string[]): Promise<unknown[]> {
    return this.#eval(script, this.#names(key), args);
  }

  async #probe(name: string, n: number): Promise<void> {
    await this.#eval(PROBE, [name], [name, String(n)]);
  }

  async #eval(script: Script, keys: string[], args: string[]): Promise<unknown[]> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#commands.use(async (client) => {
        try {
          return (await client.sendCommand(["EVALSHA", script.sha, ...rest])) as unknown[];
        } catch (error) {
          if (!isReply(error, "NOSCRIPT")) throw error;
          return (await client.sendCommand(["EVAL", script.source, ...rest])) as unknown[];
        }
      });
    } catch (error) {
      // The primary is elsewhere now, behind the same address.
      if (isReply(error, "READONLY")) this.#health.reopenSoon();
      throw error;
    }
  }
}

/** Keys and IDs come from requests: half a surrogate pair, which has no encoding, must not throw. */
function encoded(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, "\ufffd"));
}

function isReply(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code);
}
