import type { Engine, Message, Position } from "../../src/cluster/engine.ts";
import { MemoryDataset } from "./memory-dataset.ts";

type Call =
  | "publish"
  | "append"
  | "answer"
  | "post"
  | "listen"
  | "unlisten"
  | "checkpoint"
  | "read"
  | "install"
  | "acquire"
  | "release"
  | "heads"
  | "replicas"
  | "subscribe"
  | "unsubscribe";

/** What becomes of a message to one node. `hold`: it comes after the next one, or with `releaseHeld()`. */
type MessageFate = "deliver" | "drop" | "twice" | "hold";

/** What becomes of a call: both failures reject; only after the second one it took effect. */
type CallFate = "work" | "fail-before" | "fail-after";

interface MemoryEngineOptions {
  /** The clock of leases and expiry. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** Runs a function in a later turn: every hop of a call or a message takes one. @defaultValue `setImmediate` */
  readonly defer?: (fn: () => void) => void;
  /** @defaultValue never */
  readonly expireMs?: number;
}

/**
 * An engine in memory, for many nodes of one process, and what can go wrong with it. Each node has a link of its own. Calls
 * and messages keep their order within a link unless a fate says otherwise.
 */
export class MemoryEngineServer {
  /** Called for each message and the node it goes to. */
  messageFate: (message: Message, key: string, node: MemoryEngine) => MessageFate = () => "deliver";
  /** Called for each call when it arrives. */
  callFate: (call: Call, key: string, node: MemoryEngine) => CallFate = () => "work";

  /** How many replicas have everything. */
  replicas = 0;

  readonly now: () => number;
  readonly defer: (fn: () => void) => void;
  readonly #nodes = new Set<MemoryEngine>();
  #sides: MemoryDataset[];

  constructor({ now = Date.now, defer = setImmediate, expireMs = Infinity }: MemoryEngineOptions = {}) {
    this.now = now;
    this.defer = defer;
    this.#sides = [new MemoryDataset(now, expireMs)];
  }

  connect(): MemoryEngine {
    const node = new MemoryEngine(this, () => this.#nodes.delete(node));
    this.#nodes.add(node);
    return node;
  }

  /** What a replica has at this moment. */
  save(): MemoryDataset {
    return this.dataset(0).copy();
  }

  /** A failover to a replica that had only this: what was acknowledged since then is lost. */
  rollBack(saved: MemoryDataset): void {
    this.#sides = this.#sides.map(() => saved.copy());
  }

  wipe(): void {
    this.#sides = this.#sides.map((side) => side.emptied());
  }

  evict(key: string, part: "meta" | "log" | "checkpoint"): void {
    for (const side of this.#sides) side.evict(key, part);
  }

  /** From now on there are two copies that know nothing of each other; `node.attach(1)` moves a node to the second. */
  split(): void {
    this.#sides = [this.dataset(0), this.dataset(0).copy()];
  }

  /** Ends a split: one copy survives, and the nodes of the other one are attached to it. */
  unify(survivor: 0 | 1): void {
    this.#sides = [this.dataset(survivor)];
    for (const node of this.#nodes) {
      if (node.side === survivor) node.side = 0;
      else node.attach(0);
    }
  }

  /** Delivers what was held. */
  releaseHeld(): void {
    for (const node of this.#nodes) node.releaseHeld();
  }

  dataset(side: 0 | 1): MemoryDataset {
    const dataset = this.#sides[side];
    if (!dataset) throw new Error(`There is no side ${side}: split() first.`);
    return dataset;
  }

  post(box: string, text: string): number {
    return [...this.#nodes].filter((node) => node.receive(box, text)).length;
  }

  emit(side: 0 | 1, key: string, message: Message): void {
    for (const node of this.#nodes) {
      if (node.side === side) node.arrive(key, message);
    }
  }
}

/** One node's engine. */
export class MemoryEngine implements Engine {
  /** The copy of the data that this node is attached to. */
  side: 0 | 1 = 0;
  downSince: number | undefined;

  readonly #server: MemoryEngineServer;
  readonly #leave: () => void;
  readonly #requests: Pipe;
  readonly #replies: Pipe;
  readonly #messages: Pipe;
  readonly #boxes = new Map<string, (text: string) => void>();
  readonly #wanted = new Map<string, (message: Message) => void>();
  /** What the server knows; after a loss it is sent again. */
  #subscribed = new Set<string>();
  readonly #listeners = new Set<(change: "up" | "down") => void>();
  #held: (() => void)[] = [];
  #cut: "nothing" | "messages" | "everything" = "nothing";
  #closed = false;

  constructor(server: MemoryEngineServer, leave: () => void) {
    this.#server = server;
    this.#leave = leave;
    this.#requests = new Pipe(server.defer);
    this.#replies = new Pipe(server.defer);
    this.#messages = new Pipe(server.defer);
  }

  /** Cuts this node off, from all or from messages only, without telling it. What is under way is lost. */
  cut(what: "messages" | "everything" = "everything"): void {
    this.#cut = what;
    this.#messages.lose();
    this.#held = [];
    if (what === "messages") return;
    this.#requests.lose();
    this.#replies.lose();
  }

  /** The node notices that it is cut off. */
  noticeDown(): void {
    if (this.downSince !== undefined) return;
    this.downSince = this.#server.now();
    this.#report("down");
  }

  /** The node is connected and subscribed again, and notices it. */
  mend(): void {
    this.#cut = "nothing";
    this.#subscribed = new Set(this.#wanted.keys());
    this.downSince = undefined;
    this.#report("up");
  }

  /** Connects to a copy of a split dataset. */
  attach(side: 0 | 1): void {
    const wasCut = this.#cut;
    this.cut();
    this.side = side;
    if (wasCut === "nothing") this.mend();
    else this.#cut = wasCut;
  }

  releaseHeld(): void {
    for (const deliver of this.#held.splice(0)) deliver();
  }

  publish(...[key, request]: Parameters<Engine["publish"]>): ReturnType<Engine["publish"]> {
    return this.#call("publish", key, (data, emit) => data.publish(key, request, emit));
  }

  read(...[key, have]: Parameters<Engine["read"]>): ReturnType<Engine["read"]> {
    return this.#call("read", key, (data) => data.read(key, have));
  }

  append(...[key, request]: Parameters<Engine["append"]>): ReturnType<Engine["append"]> {
    const until = this.#server.now() + request.withinMs;
    return this.#call("append", key, (data, emit) => data.append(key, request, until, emit));
  }

  putCheckpoint(...[key, checkpoint]: Parameters<Engine["putCheckpoint"]>): Promise<void> {
    return this.#call("checkpoint", key, (data) => data.putCheckpoint(key, checkpoint));
  }

  answerOf(key: string, id: string): Promise<string | undefined> {
    return this.#call("answer", key, (data) => data.answerOf(key, id));
  }

  post(key: string, box: string, text: string, withinMs: number): Promise<number> {
    const until = this.#server.now() + withinMs;
    return this.#call("post", key, () => (this.#server.now() > until ? 0 : this.#server.post(`${key} ${box}`, text)));
  }

  listen(key: string, box: string, listener: (text: string) => void): Promise<void> {
    this.#boxes.set(`${key} ${box}`, listener);
    return this.#call("listen", key, () => undefined, this.#messages);
  }

  unlisten(key: string, box: string): Promise<void> {
    this.#boxes.delete(`${key} ${box}`);
    return this.#call("unlisten", key, () => undefined, this.#messages);
  }

  /** A text for a box leaves the server; whether this node listens. */
  receive(box: string, text: string): boolean {
    if (this.#cut !== "nothing" || !this.#boxes.has(box)) return false;
    this.#messages.push(() => this.#boxes.get(box)?.(text));
    return true;
  }

  install(...[key, request]: Parameters<Engine["install"]>): ReturnType<Engine["install"]> {
    return this.#call("install", key, (data, emit) => data.install(key, request, emit));
  }

  acquire(...[key, owner, leaseMs]: Parameters<Engine["acquire"]>): ReturnType<Engine["acquire"]> {
    return this.#call("acquire", key, (data) => data.acquire(key, owner, leaseMs));
  }

  release(...[key, owner]: Parameters<Engine["release"]>): Promise<void> {
    return this.#call("release", key, (data, emit) => data.release(key, owner, emit));
  }

  replicas(key: string, position: Position): Promise<number | undefined> {
    return this.#call("replicas", key, (data) => {
      const reply = data.read(key, position);
      return reply.status === "tail" ? this.#server.replicas : undefined;
    });
  }

  heads(keys: readonly string[]): Promise<(Position | undefined)[]> {
    return this.#call("heads", keys.join(), (data) => keys.map((key) => data.head(key)));
  }

  subscribe(key: string, listener: (message: Message) => void): Promise<void> {
    this.#wanted.set(key, listener);
    return this.#call("subscribe", key, () => void this.#subscribed.add(key), this.#messages);
  }

  unsubscribe(key: string): Promise<void> {
    this.#wanted.delete(key);
    return this.#call("unsubscribe", key, () => void this.#subscribed.delete(key), this.#messages);
  }

  onChange(listener: (change: "up" | "down") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.cut();
    this.#closed = true;
    this.#wanted.clear();
    this.#boxes.clear();
    this.#listeners.clear();
    this.#leave();
  }

  /** A message for this node leaves the server. */
  arrive(key: string, message: Message): void {
    if (this.#cut !== "nothing" || !this.#subscribed.has(key)) return;
    const deliver = () => this.#messages.push(() => this.#wanted.get(key)?.(message));
    const fate = this.#server.messageFate(message, key, this);
    if (fate === "drop") return;
    if (fate === "hold") {
      this.#held.push(deliver);
      return;
    }
    deliver();
    if (fate === "twice") deliver();
    this.releaseHeld();
  }

  #call<T>(
    call: Call,
    key: string,
    effect: (data: MemoryDataset, emit: (message: Message) => void) => T,
    replies: Pipe = this.#replies,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`${call} of ${key}: the outcome is unknown`));
      if (this.#closed || this.#cut === "everything" || (this.#cut === "messages" && replies === this.#messages)) {
        this.#server.defer(fail);
        return;
      }
      this.#requests.push(() => {
        const fate = this.#server.callFate(call, key, this);
        if (fate === "fail-before") return fail();
        const { side } = this;
        const reply = effect(this.#server.dataset(side), (message) => this.#server.emit(side, key, message));
        replies.push(fate === "fail-after" ? fail : () => resolve(reply), fail);
      }, fail);
    });
  }

  #report(change: "up" | "down"): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** What is under way in one direction, in order. */
class Pipe {
  readonly #defer: (fn: () => void) => void;
  #items: { arrive: () => void; lost: (() => void) | undefined }[] = [];

  constructor(defer: (fn: () => void) => void) {
    this.#defer = defer;
  }

  push(arrive: () => void, lost?: () => void): void {
    this.#items.push({ arrive, lost });
    this.#defer(() => this.#items.shift()?.arrive());
  }

  lose(): void {
    for (const item of this.#items.splice(0)) item.lost?.();
  }
}
