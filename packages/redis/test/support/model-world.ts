import type { Json } from "@statestream/core";
import type { Engine } from "../../src/cluster/engine.ts";
import type { LostChanges, OwnStateWriter } from "../../src/cluster/state-writer.ts";
import { type Action, type Change, CLIENTS, type History, losesData, NODES } from "./history.ts";
import type { MemoryDataset } from "./memory-dataset.ts";
import { ModelClient } from "./model-client.ts";
import { Cluster, type Node } from "./nodes.ts";
import { Oracle } from "./oracle.ts";

type Room = Record<string, Json>;
type Weather = Extract<Action, { do: "weather" }>;

const CALM: Weather = { do: "weather", drop: 0, twice: 0, hold: 0, failBefore: 0, failAfter: 0, late: 0 };

/** One place in the cluster: its node may be another after a while. */
interface Seat {
  node: Node;
  writer: OwnStateWriter<Room> | undefined;
  isCut: boolean;
}

/** Runs a history, and throws where a promise is broken. */
export class ModelWorld {
  readonly #cluster = new Cluster();
  readonly #oracle = new Oracle();
  readonly #seats: Seat[];
  readonly #clients: ModelClient[];
  readonly #history: History;
  #weather = CALM;
  #random: number;
  #saved: MemoryDataset | undefined;
  #split = false;
  #ops = 0;
  /** Changes whose flush has resolved. */
  readonly #acknowledged = new Set<string>();
  /** Writers to which lost changes were reported, and those that were killed. */
  #warned = 0;

  constructor(history: History) {
    this.#history = history;
    this.#random = history.seed;
    const { server } = this.#cluster;
    server.messageFate = () => {
      const { drop, twice, hold } = this.#weather;
      return this.#chance(drop) ? "drop" : this.#chance(twice) ? "twice" : this.#chance(hold) ? "hold" : "deliver";
    };
    server.callFate = () => {
      const { failBefore, failAfter } = this.#weather;
      return this.#chance(failBefore) ? "fail-before" : this.#chance(failAfter) ? "fail-after" : "work";
    };
    this.#seats = Array.from({ length: NODES }, (_, index) => this.#sit(index < history.writers));
    this.#clients = Array.from(
      { length: CLIENTS },
      (_, index) => new ModelClient(this.#oracle, index === 0 ? ["a", "log"] : undefined),
    );
  }

  get #losesData(): boolean {
    return this.#history.actions.some(losesData);
  }

  get #hides(): boolean {
    return this.#history.actions.some((action) => action.do === "change" && action.change.what === "hide");
  }

  get #hasLeaderless(): boolean {
    return this.#history.actions.some((one) => ["cut", "kill", "restart", "skew", "split", "writer"].includes(one.do));
  }

  async run(): Promise<void> {
    await this.#cluster.settle();
    for (const [index, client] of this.#clients.entries())
      client.connect(this.#seat(index % NODES).node.backplane.streams.get("room"));
    for (const action of this.#history.actions) {
      await this.#act(action);
      this.#look();
    }
    await this.#calm();
    await this.#converge();
    await this.#leave();
  }

  async #act(action: Action): Promise<void> {
    const { server } = this.#cluster;
    switch (action.do) {
      case "change":
        for (const { writer } of this.#seats) if (writer?.leading) this.#change(writer, action.change);
        return;
      case "turns":
        for (let turn = 0; turn < action.count; turn++) await this.#cluster.turn();
        return;
      case "pass":
        return await this.#cluster.pass(action.ms, 100);
      case "hop":
        this.#clients[action.client]?.connect(this.#seat(action.node).node.backplane.streams.get("room"));
        return;
      case "flush":
        for (const { writer } of this.#seats) if (writer?.leading) this.#flush(writer);
        return;
      case "weather":
        this.#weather = action;
        return;
      case "save":
        this.#saved = server.save();
        return;
      case "rollBack":
        if (this.#saved !== undefined) server.rollBack(this.#saved);
        return;
      case "wipe":
        return server.wipe();
      case "evict":
        return server.evict("room", action.part);
      case "split":
        if (this.#split) return;
        this.#split = true;
        server.split();
        for (const index of action.nodes) this.#seat(index).node.engine.attach(1);
        return;
      case "unify":
        return this.#unify(action.survivor);
      case "cut":
        return this.#cut(this.#seat(action.node), action);
      case "mend":
        return this.#mend(this.#seat(action.node));
      case "kill":
        return await this.#kill(action.node);
      case "restart":
        return await this.#restart(action.node);
      case "writer":
        return await this.#toggle(this.#seat(action.node));
      case "skew":
        this.#cluster.skewMs += action.ms;
    }
  }

  #change(writer: OwnStateWriter<Room>, change: Change): void {
    const op = `op${++this.#ops}`;
    writer.batch(() => {
      if (change.what === "set") writer.set(change.slice, { to: change.to, at: this.#ops, deep: { op } });
      else if (change.what === "push") writer.set("log", (log: unknown) => [...((log ?? []) as Json[]), op].slice(-5));
      else if (change.what === "hide") writer.set("hidden", change.hidden);
      else writer.remove(change.slice);
      writer.patch("ops", [{ op: "add", path: `/${op}`, value: true }]);
    });
  }

  /** Waits for flushed(): after that, changes must not be lost without a report. */
  #flush(writer: OwnStateWriter<Room>): void {
    const ops = Object.keys(writer.state["ops"] as object);
    writer.flushed().then(
      () => {
        for (const op of ops) this.#acknowledged.add(op);
      },
      // Another one has taken over.
      () => undefined,
    );
  }

  #sit(writes: boolean): Seat {
    const options = { checkMs: 2000, leaseMs: 3000, idleMs: 5000, stream: { heartbeatMs: 1000 } };
    const node = this.#cluster.node(options, (engine) => this.#late(this.#oracle.overhear(engine)));
    const seat: Seat = { node, writer: undefined, isCut: false };
    if (writes) seat.writer = this.#writer(node);
    return seat;
  }

  #writer({ backplane }: Node): OwnStateWriter<Room> {
    const names = new Set<string>();
    return backplane.writer<Room>("room", {
      initialState: { ops: {}, a: { to: 0 }, hidden: false },
      // A slice that is removed stays named: one that is not named any more counts as hidden, and costs a snapshot.
      slices: (state) => {
        for (const slice of Object.keys(state)) names.add(slice);
        return [...names].filter((slice) => slice !== "b" || state["hidden"] !== true);
      },
      onLost: ({ commits, vanished }: LostChanges<Room>) => {
        if (commits > 0 || vanished) this.#warned++;
      },
    });
  }

  /** An engine some of whose calls, or their replies, take long. */
  #late(engine: Engine): Engine {
    const wait = async (): Promise<void> => {
      if (!this.#chance(this.#weather.late)) return;
      await new Promise<void>((resolve) => this.#cluster.clock.clock.after(this.#next() % 3000, resolve));
    };
    return new Proxy(engine, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (name !== "publish" && name !== "read" && name !== "install" && name !== "acquire")
          return bound(member, target);
        return async (...args: unknown[]): Promise<unknown> => {
          await wait();
          const reply: unknown = await Reflect.apply(member as () => unknown, target, args);
          await wait();
          return reply;
        };
      },
    });
  }

  #cut(seat: Seat, { messages, noticed }: { messages: boolean; noticed: boolean }): void {
    const { node } = seat;
    seat.isCut = true;
    node.engine.cut(messages ? "messages" : "everything");
    if (noticed) node.engine.noticeDown();
  }

  #mend(seat: Seat): void {
    seat.isCut = false;
    seat.node.engine.mend();
  }

  #unify(survivor: 0 | 1): void {
    if (!this.#split) return;
    this.#split = false;
    this.#cluster.server.unify(survivor);
  }

  /** The process dies: nothing of it is heard any more. */
  async #kill(index: number): Promise<void> {
    const seat = this.#seat(index);
    if (seat.writer?.leading) this.#warned++;
    await seat.node.engine.close();
    // What is left of it in this process is let go.
    void seat.writer?.close();
    void seat.node.backplane.close();
    this.#seats[index] = this.#sit(seat.writer !== undefined);
  }

  async #restart(index: number): Promise<void> {
    const seat = this.#seat(index);
    await this.#until(seat.node.backplane.close());
    this.#seats[index] = this.#sit(seat.writer !== undefined);
  }

  async #toggle(seat: Seat): Promise<void> {
    if (seat.writer === undefined) {
      seat.writer = this.#writer(seat.node);
      return;
    }
    await this.#until(seat.writer.close());
    seat.writer = undefined;
  }

  #look(): void {
    for (const client of this.#clients) client.pull();
    if (this.#oracle.violation !== undefined) throw this.#oracle.violation;
  }

  async #calm(): Promise<void> {
    const { server } = this.#cluster;
    this.#weather = CALM;
    this.#unify(0);
    // The other nodes receive no message: they must find out by themselves what they missed.
    for (const seat of this.#seats) if (seat.isCut) this.#mend(seat);
    server.releaseHeld();
    const [seat] = this.#seats;
    if (seat && !this.#seats.some(({ writer }) => writer)) seat.writer = this.#writer(seat.node);
    await this.#cluster.pass(20_000, 250);
    this.#look();
    for (const [index, client] of this.#clients.entries()) {
      if (!client.connected) client.connect(this.#seat(index % NODES).node.backplane.streams.get("room"));
    }
    // The next heartbeat says where a client is that has not selected the last event.
    for (const ms of [5000, 2000]) {
      await this.#cluster.pass(ms, 250);
      this.#look();
    }
  }

  async #converge(): Promise<void> {
    const leading = this.#seats.flatMap(({ writer }) => (writer?.leading ? [writer] : []));
    const [writer] = leading;
    if (writer === undefined || leading.length > 1) throw new Error(`I4: ${leading.length} writers lead`);
    const head = this.#cluster.server.dataset(0).head("room");
    if (head === undefined) throw new Error("I4: the engine has nothing");
    const state = this.#oracle.stateAt(head.epoch, head.seq);
    const shown = JSON.stringify(Object.keys(writer.state).sort());
    if (shown !== JSON.stringify(Object.keys(state).sort()))
      throw new Error(`I4: ${shown} is shown, not ${Object.keys(state).join()}`);
    const id = `${head.epoch}.${head.seq.toString(36)}`;
    for (const [index, client] of this.#clients.entries()) {
      const [epoch, seq] = (client.id ?? "").split(".");
      if (!client.isTold || `${epoch}.${seq}` !== id)
        throw new Error(`I4: client ${index} is at ${client.id}, not at ${id}`);
      if (this.#losesData) continue;
      // What is hidden is never replayed, so a client before that position is sent a snapshot.
      const others = client.snapshots.slice(1).filter((reason) => reason !== "trimmed" || !this.#hides);
      if (others.length > 0 || (client.snapshots[0] ?? "connect") !== "connect")
        throw new Error(`I7: client ${index} got ${client.snapshots.join()}`);
    }
    const ops = state["ops"] as Record<string, true>;
    const missing = [...this.#acknowledged].filter((op) => !ops[op]);
    // What the engine loses while nobody leads is lost, and nobody is there to say so.
    const excused = this.#losesData && (this.#warned > 0 || this.#hasLeaderless);
    if (missing.length > 0 && !excused) throw new Error(`I5: ${missing.join()} are lost`);
  }

  async #leave(): Promise<void> {
    for (const client of this.#clients) client.leave();
    await this.#until(Promise.all(this.#seats.map(({ node }) => node.backplane.close())));
    await this.#cluster.pass(4000, 500);
    if (this.#cluster.clock.timers > 0) throw new Error(`${this.#cluster.clock.timers} timers are left`);
  }

  /** Lets time pass until something is done, which must not take for ever. */
  async #until(promise: Promise<unknown>): Promise<void> {
    let done = false;
    const settled = promise.then(() => (done = true));
    for (let passed = 0; !done && passed < 60_000; passed += 100) await this.#cluster.pass(100, 100);
    if (!done) throw new Error("What was closed is not closed after a minute.");
    await settled;
  }

  #seat(index: number): Seat {
    return this.#seats[index] as Seat;
  }

  #chance(percent: number): boolean {
    return percent > 0 && this.#next() % 100 < percent;
  }

  #next(): number {
    this.#random = (Math.imul(this.#random, 1103515245) + 12345) >>> 0;
    return this.#random >>> 8;
  }
}

function bound(member: unknown, target: object): unknown {
  return typeof member === "function" ? (member.bind(target) as unknown) : member;
}
