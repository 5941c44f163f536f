import { advised } from "./advice.ts";
import { entryArgs, HEAD, parseEntries, parseMessage, parsePosition } from "./codec.ts";
import type {
  AcquireReply,
  AppendReply,
  AppendRequest,
  Checkpoint,
  Engine,
  EngineListener,
  Head,
  InstallReply,
  InstallRequest,
  Message,
  Position,
  PublishReply,
  PublishRequest,
  ReadReply,
} from "../cluster/engine.ts";
import type { Purpose } from "./connection.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { RedisClient } from "./redis-client.ts";
import { driverOf } from "./drivers.ts";
import { Probes } from "./probes.ts";
import { POST, PROBE } from "./channel-scripts.ts";
import { Fences } from "./fences.ts";
import { Names } from "./names.ts";
import { HEADS, READ } from "./read-scripts.ts";
import { ScriptRunner } from "./script-runner.ts";
import { Sections } from "./sections.ts";
import { APPEND, CHECKPOINT } from "./update-scripts.ts";
import { ACQUIRE, ANSWER, INSTALL, PUBLISH, RELEASE } from "./writer-scripts.ts";
import { Subscriber } from "./subscriber.ts";

/** How many streams one script reads: Redis does nothing else meanwhile. */
const HEADS_AT_ONCE = 500;

/** How many streams share a call. In a cluster none do, since each may be in a slot of its own. */
const MAX_SECTIONS = 500;

/** How long the difference of the clocks is valid, in milliseconds. */
const CLOCK_MS = 10_000;

export interface RedisEngineOptions {
  /** A client whose options are used: two connections of the engine's own are made from it. */
  readonly redis: RedisClient;
  /** All keys and channels begin with this. */
  readonly prefix: string;
  /** How long a stream is kept that has no leader, in milliseconds. */
  readonly expireMs: number;
  /** Called with errors between calls: lost connections, messages that no node of ours sent, listeners that throw. */
  readonly onError: (error: Error) => void;
  /** Milliseconds between two probes; after three missed ones the engine is down. @defaultValue 1000 */
  readonly probeMs?: number;
  /** Milliseconds that a call may take before it is rejected. @defaultValue 2000 */
  readonly deadlineMs?: number;
}

/** The engine in Redis 7.0 or later, or Valkey: a primary, or a cluster. */
export class RedisEngine implements Engine {
  readonly #isCluster: boolean;
  readonly #names: Names;
  readonly #scripts: ScriptRunner;
  readonly #publishes: Sections;
  readonly #acquires: Sections;
  readonly #expireMs: string;
  readonly #onError: (error: Error) => void;
  readonly #commands: Link;
  readonly #fences: Fences;
  readonly #subscriber: Subscriber;
  readonly #health: Probes;
  /** By part: how far Redis' clock is ahead of `performance.now()`, and when that was measured. */
  readonly #clocks = new Map<number, { readonly at: number; readonly ahead: number }>();

  constructor({ redis, prefix, expireMs, onError: report, probeMs = 1000, deadlineMs = 2000 }: RedisEngineOptions) {
    const driver = driverOf(redis);
    const onError = (error: Error): void => report(advised(error));
    const names = new Names(prefix, driver.database);
    this.#names = names;
    this.#isCluster = driver.isCluster;
    this.#expireMs = String(expireMs);
    this.#onError = onError;
    const link = (purpose: Purpose): LinkOptions => ({ connect: () => driver.connect(purpose), deadlineMs, onError });
    const onAnswered = (): void => this.#health.answered();
    this.#commands = new Link({ ...link("commands"), onAnswered }, (_client, again) => {
      // It may be another server, with another clock.
      this.#clocks.clear();
      this.#health.connected(again);
    });
    this.#subscriber = new Subscriber(link("messages"), (again) => this.#health.connected(again));
    this.#fences = new Fences(link("commands"), driver.isCluster);
    this.#scripts = new ScriptRunner(this.#commands, driver.isCluster, () => this.#health.reopenSoon());
    const most = driver.isCluster ? 1 : MAX_SECTIONS;
    this.#publishes = new Sections(this.#scripts, PUBLISH, most, queueMicrotask);
    // Leases of many streams are renewed by timers that fire together, each in a turn of its own.
    this.#acquires = new Sections(this.#scripts, ACQUIRE, most, setImmediate);
    const all = names.probes(crypto.randomUUID());
    const probes = driver.isCluster ? all : all.slice(0, 1);
    this.#health = new Probes({
      probeMs,
      parts: probes.length,
      partOf: (key) => this.#partOf(key),
      send: (part, n) => this.#probe(probes[part] as string, n),
      reopenCommands: (keeps) => this.#commands.reopen(keeps),
      reopenMessages: (keeps) => this.#subscriber.reopen(keeps),
    });
    this.#commands.reopen();
    this.#subscriber.reopen();
    for (const [part, probe] of probes.entries()) {
      // A rejection only means that it takes long: the channel is subscribed as soon as there is a connection.
      this.#subscriber.subscribe(probe, (n) => this.#health.heard(part, Number(n))).catch(() => {});
    }
  }

  get downSince(): number | undefined {
    return this.#health.downSince;
  }

  onChange(listener: EngineListener): () => void {
    return this.#health.onChange(listener);
  }

  async publish(key: string, request: PublishRequest): Promise<PublishReply> {
    const { owner, entries, checkpoint, keepFrom, leaseMs, check, answers, answerMs } = request;
    const names = [...this.#names.keys(key), ...answers.map(({ id }) => this.#names.id(key, id))];
    const [status, epoch, seq, broken] = await this.#publishes.run(names, [
      this.#names.channel(key),
      owner,
      String(keepFrom),
      String(leaseMs),
      this.#expireMs,
      check ? "1" : "0",
      ...(checkpoint ? [checkpoint.position.epoch, String(checkpoint.position.seq), checkpoint.body] : ["", "", ""]),
      String(answerMs),
      ...answers.map(({ text }) => text),
      ...entries.flatMap(entryArgs),
    ]);
    if (status === "empty") return { status };
    const head = parsePosition(epoch, seq);
    if (status === "ok") return { status, head, broken: broken === "1" };
    return { status: status as "fenced" | "behind" | "conflict" | "broken", head };
  }

  async read(key: string, have: Position | undefined): Promise<ReadReply> {
    const args = have ? [have.epoch, String(have.seq)] : ["", ""];
    const [status, epoch, seq, entries, ...checkpoint] = await this.#scripts.run(READ, this.#names.keys(key), args);
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

  async append(key: string, { id, idMs, withinMs, commit }: AppendRequest): Promise<AppendReply> {
    const names = [...this.#names.keys(key), this.#names.id(key, id)];
    const latest = await this.#latest(key, withinMs);
    const args = [this.#names.channel(key), this.#expireMs, String(idMs), ...entryArgs(commit), latest];
    const [status, ...rest] = await this.#scripts.run(APPEND, names, args);
    if (status === "late") this.#clocks.delete(this.#partOf(key));
    if (status === "empty" || status === "late" || status === "broken") return { status };
    if (status === "ok") return { status, due: rest[0] === "1" };
    if (status === "held") return { status, remainingMs: Number(rest[0]) };
    const position = parsePosition(rest[0], rest[1]);
    return status === "done" ? { status, position } : { status: "conflict", head: position };
  }

  async putCheckpoint(key: string, { position: { epoch, seq }, body }: Checkpoint): Promise<void> {
    await this.#scripts.run(CHECKPOINT, this.#names.keys(key), [this.#expireMs, epoch, String(seq), body]);
  }

  async answerOf(key: string, id: string): Promise<string | undefined> {
    const [text] = await this.#scripts.run(ANSWER, [this.#names.meta(key), this.#names.id(key, id)], []);
    return text === "" ? undefined : (text as string);
  }

  async post(key: string, box: string, text: string, withinMs: number): Promise<number> {
    const latest = await this.#latest(key, withinMs);
    const [count, now] = await this.#scripts.run(
      POST,
      [this.#names.meta(key)],
      [this.#names.box(key, box), text, latest],
    );
    if (Number(now) > Number(latest)) this.#clocks.delete(this.#partOf(key));
    return Number(count);
  }

  listen(key: string, box: string, listener: (text: string) => void): Promise<void> {
    return this.#subscriber.subscribe(this.#names.box(key, box), listener);
  }

  unlisten(key: string, box: string): Promise<void> {
    return this.#subscriber.unsubscribe(this.#names.box(key, box));
  }

  async install(key: string, { owner, checkpoint, entries, leaseMs, force }: InstallRequest): Promise<InstallReply> {
    const [status] = await this.#scripts.run(INSTALL, this.#names.keys(key), [
      this.#names.channel(key),
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
    const [status, ...rest] = await this.#acquires.run(this.#names.keys(key), args);
    if (status === "empty") return { status };
    if (status === "held") return { status, remainingMs: Number(rest[0]) };
    const [epoch, seq, broken] = rest;
    return { status: "ok", head: parsePosition(epoch, seq), broken: broken === "1" };
  }

  async release(key: string, owner: string): Promise<void> {
    await this.#scripts.run(RELEASE, this.#names.keys(key), [this.#names.channel(key), HEAD, owner]);
  }

  replicas(key: string, position: Position, wanted: number, withinMs: number): Promise<number | undefined> {
    const args = [position.epoch, String(position.seq), this.#expireMs];
    return this.#fences.replicas(this.#names.keys(key), args, wanted, withinMs);
  }

  async heads(keys: readonly string[]): Promise<Head[]> {
    if (this.#isCluster) return await this.#headsOfSlots(keys);
    const heads: Head[] = [];
    for (let from = 0; from < keys.length; from += HEADS_AT_ONCE)
      heads.push(...(await this.#heads(keys.slice(from, from + HEADS_AT_ONCE))));
    return heads;
  }

  async subscribe(key: string, listener: (message: Message) => void): Promise<void> {
    const subscribed = this.#subscriber.subscribe(this.#names.channel(key), (text) => {
      const message = parseMessage(text);
      if (message) listener(message);
      else this.#onError(new Error(`A message on the channel of "${key}" was not sent by this library`));
    });
    await subscribed.catch((error: unknown) => Promise.reject(advised(error)));
  }

  unsubscribe(key: string): Promise<void> {
    return this.#subscriber.unsubscribe(this.#names.channel(key));
  }

  async close(): Promise<void> {
    this.#health.close();
    this.#commands.close();
    this.#fences.close();
    this.#subscriber.close();
  }

  async #heads(keys: readonly string[]): Promise<Head[]> {
    const names = keys.map((key) => this.#names.meta(key));
    const reply = await this.#scripts.run(HEADS, names, []);
    return keys.map((_, i) => (reply[2 * i] === "" ? undefined : parsePosition(reply[2 * i], reply[2 * i + 1])));
  }

  /** One call for each stream, since each may be in a slot of its own. Rejects only where no server answers. */
  async #headsOfSlots(keys: readonly string[]): Promise<Head[]> {
    const outcomes = await Promise.allSettled(keys.map((key) => this.#heads([key])));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failed[0] !== undefined && failed.length === keys.length) throw failed[0].reason;
    return outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value[0] : "unknown"));
  }

  /** The time of Redis' clock in so many milliseconds; a little earlier rather than later. */
  async #latest(key: string, withinMs: number): Promise<string> {
    const until = performance.now() + withinMs;
    // The difference of the clocks is measured now and then.
    const part = this.#partOf(key);
    let clock = this.#clocks.get(part);
    if (clock === undefined || performance.now() - clock.at > CLOCK_MS) {
      const [, now] = await this.#scripts.run(POST, [this.#names.meta(key)], ["", "", "0"]);
      clock = { at: performance.now(), ahead: Number(now) - performance.now() };
      this.#clocks.set(part, clock);
    }
    return String(Math.floor(until + clock.ahead));
  }

  #partOf(key: string): number {
    return this.#isCluster ? this.#names.partOf(key) : 0;
  }

  async #probe(name: string, n: number): Promise<void> {
    await this.#scripts.run(PROBE, [name], [name, String(n)]);
  }
}
