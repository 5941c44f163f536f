import { expect, test } from "vitest";
import { Client, Cluster } from "../support/nodes.ts";

interface Room {
  text: string;
}

/** A store of an application. */
class Store {
  state: Room;
  failing = false;
  readonly listeners = new Set<() => void>();

  constructor(text: string) {
    this.state = { text };
  }

  become(text: string): void {
    this.state = { text };
    for (const listener of this.listeners) listener();
  }

  readonly source = {
    getState: (): Room => {
      if (this.failing) throw new Error("no state today");
      return this.state;
    },
    subscribe: (listener: () => void): (() => void) => {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    },
  };
}

test("a store takes in what the stream says before it is looked at, and is not published while it does not lead", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const [one, two] = [new Store("one"), new Store("two")];
  const first = a.backplane.writer("room", { source: one.source });
  await cluster.settle();
  const reported: unknown[] = [];
  const second = b.backplane.writer<Room>("room", {
    source: two.source,
    onLeadership: (leads, { state }) => {
      reported.push([leads, state]);
      if (state !== undefined) two.become(state.text);
    },
  });
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  two.become("not sent to anybody");
  one.become("of the first");
  await cluster.settle();
  expect([two.listeners.size, second.state]).toStrictEqual([0, { text: "of the first" }]);
  await Promise.all([first.close(), cluster.settle()]);
  await cluster.settle();
  expect([one.listeners.size, reported]).toStrictEqual([0, [[true, { text: "of the first" }]]]);
  two.become("of the second");
  await cluster.settle();
  expect(client.received.map((event) => ("value" in event ? event.value : event.type))).toStrictEqual([
    "state.initial",
    "of the first",
    "of the second",
  ]);
});

test("a change of a store while its stream is being installed is published after that", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  const store = new Store("first");
  a.backplane.writer("room", { source: store.source });
  while (store.listeners.size === 0) await cluster.turn();
  store.become("second");
  await cluster.settle();
  expect(cluster.server.dataset(0).head("room")).toMatchObject({ seq: 1 });
  expect(a.backplane.streams.get("room").state).toStrictEqual({ text: "second" });
});

test("nothing is published before the stream is known to be in place", async () => {
  const cluster = new Cluster();
  let calls: string[] = [];
  let install = (): void => undefined;
  const a = cluster.node({}, (engine) => {
    const slow = new Promise<void>((resolve) => (install = resolve));
    const installing = engine.install.bind(engine);
    engine.install = async (...args) => {
      await slow;
      return await installing(...args);
    };
    return engine;
  });
  cluster.server.callFate = (call) => {
    calls.push(call);
    return "work";
  };
  const store = new Store("first");
  a.backplane.writer("room", { source: store.source });
  await cluster.settle();
  calls = [];
  store.become("second");
  await cluster.settle();
  expect([calls, cluster.server.dataset(0).head("room")]).toStrictEqual([[], undefined]);
  install();
  await cluster.settle();
  expect(calls.filter((call) => call !== "read")).toStrictEqual(["install", "publish"]);
  expect(a.backplane.streams.get("room").state).toStrictEqual({ text: "second" });
});

test("a store that fails is reported, and leaves the stream as it is", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer("room", { source: new Store("kept").source });
  await cluster.settle();
  await Promise.all([first.close(), cluster.settle()]);
  const store = new Store("new");
  store.failing = true;
  b.backplane.writer("room", { source: store.source });
  await cluster.settle();
  expect(b.errors.map(({ code }) => code)).toContain("source-failed");
  expect(b.backplane.streams.get("room").state).toStrictEqual({ text: "kept" });
  store.failing = false;
  store.become("new");
  await cluster.settle();
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  expect(client.received).toMatchObject([{ type: "state.initial", slices: { text: "new" }, seq: 1 }]);
});

test("a store that cannot be subscribed to keeps nobody else from leading", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer("room", { source: new Store("kept").source });
  await cluster.settle();
  await Promise.all([first.close(), cluster.settle()]);
  const reported: boolean[] = [];
  const broken = {
    getState: () => ({ text: "never" }),
    subscribe: () => {
      throw new Error("not today");
    },
  };
  b.backplane.writer("room", { source: broken, onLeadership: (leads) => reported.push(leads) });
  await cluster.settle();
  expect([reported, b.errors.map(({ code }) => code)]).toStrictEqual([[true, false], ["backplane-failed"]]);
  const third = a.backplane.writer("room", { source: new Store("third").source });
  await cluster.settle();
  expect(third.leading).toBe(true);
});

test("after a wipe a standby waits for the leader, and puts its own copy in place when that is dead", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer<Room>("room", { initialState: { text: "kept" } });
  await cluster.settle();
  const second = b.backplane.writer<Room>("room", { initialState: { text: "not this" } });
  await cluster.pass(1000);
  cluster.server.wipe();
  await cluster.pass(6000);
  expect([first.leading, second.leading]).toStrictEqual([true, false]);
  await a.engine.close();
  cluster.server.wipe();
  await cluster.pass(10_000);
  expect([second.leading, second.state]).toStrictEqual([true, { text: "kept" }]);
});

test("after a wipe a standby gives a leader that is slow the time of a lease, and nothing is lost", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const lost: unknown[] = [];
  const initialState = { text: "" };
  const first = a.backplane.writer<Room>("room", { initialState, onLost: (changes) => lost.push(changes) });
  await cluster.settle();
  const second = b.backplane.writer<Room>("room", { initialState });
  await cluster.settle();
  a.engine.cut();
  cluster.server.wipe();
  first.set("text", "made meanwhile");
  let asked = 0;
  cluster.server.callFate = (call, _key, node) => {
    if (call === "acquire" && node === b.engine) asked++;
    return "work";
  };
  for (let passed = 0; asked === 0 && passed < 10_000; passed += 50) await cluster.pass(50);
  await cluster.pass(4000);
  expect([asked > 1, second.leading]).toStrictEqual([true, false]);
  a.engine.mend();
  await cluster.pass(3000);
  expect([first.leading, second.leading, lost]).toStrictEqual([true, false, []]);
  expect(second.state).toStrictEqual({ text: "made meanwhile" });
});

test("after a wipe a new writer without a copy can be faster than the leader, whose onLost then reports that its state vanished", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const lost: unknown[] = [];
  const first = a.backplane.writer<Room>("room", {
    initialState: { text: "" },
    onLost: (changes) => lost.push(changes),
  });
  await cluster.settle();
  first.set("text", "acknowledged");
  await cluster.settle();
  cluster.server.wipe();
  const second = b.backplane.writer<Room>("room", { initialState: { text: "new" } });
  await cluster.pass(3000);
  expect([first.leading, second.leading]).toStrictEqual([false, true]);
  expect(lost).toStrictEqual([{ commits: 0, changes: [], vanished: true, state: { text: "acknowledged" } }]);
  expect(a.backplane.streams.get("room").state).toStrictEqual({ text: "new" });
});

test("a writer that closes after a wipe that it has not noticed restores the stream before it hands over", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer<Room>("room", { initialState: { text: "" } });
  await cluster.settle();
  first.set("text", "acknowledged");
  await cluster.settle();
  cluster.server.wipe();
  await Promise.all([first.close(), cluster.settle()]);
  const second = b.backplane.writer<Room>("room", { initialState: { text: "new" } });
  await cluster.settle();
  expect([second.leading, second.state]).toStrictEqual([true, { text: "acknowledged" }]);
});

test("a writer that closes while it is about to lead gives the lease back, and leaves no timer", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const cluster = new Cluster();
    const [a, b] = [cluster.node(), cluster.node()];
    const store = new Store("of the first");
    const first = a.backplane.writer("room", { source: store.source });
    for (let turn = 0; turn < turns; turn++) await cluster.turn();
    await Promise.all([first.close(), cluster.settle()]);
    expect(store.listeners.size).toBe(0);
    const second = b.backplane.writer<Room>("room", { initialState: { text: "of the second" } });
    await cluster.settle();
    expect(second.leading).toBe(true);
    await Promise.all([a.backplane.close(), b.backplane.close(), cluster.settle()]);
    expect(cluster.clock.timers).toBe(0);
  }
});

test.each(["subscribe", "acquire"] as const)(
  "a standby leads at once although the lease was released while its %s was under way",
  async (call) => {
    const cluster = new Cluster();
    let proceed = (): void => undefined;
    const under = new Promise<void>((resolve) => (proceed = resolve));
    const a = cluster.node();
    const b = cluster.node({}, (engine) => {
      const subscribe = engine.subscribe.bind(engine);
      const acquire = engine.acquire.bind(engine);
      if (call === "subscribe") engine.subscribe = async (...args) => await under.then(() => subscribe(...args));
      else {
        engine.acquire = async (...args) => {
          const reply = await acquire(...args);
          await under;
          return reply;
        };
      }
      return engine;
    });
    const initialState = { text: "" };
    const first = a.backplane.writer<Room>("room", { initialState });
    await cluster.settle();
    const second = b.backplane.writer<Room>("room", { initialState });
    await cluster.settle();
    await Promise.all([first.close(), cluster.settle()]);
    expect(second.leading).toBe(false);
    proceed();
    await cluster.settle();
    expect(second.leading).toBe(true);
  },
);

test("changes that could not be handed over within the time of a lease are reported, and no timer is left", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  const reported: unknown[] = [];
  const writer = a.backplane.writer<Room>("room", {
    initialState: { text: "" },
    onLeadership: (leads) => reported.push(leads),
    onLost: ({ commits, state }) => reported.push({ commits, state }),
  });
  await cluster.settle();
  a.engine.cut();
  writer.set("text", "never sent");
  const flushed = writer.flushed();
  await Promise.all([
    expect(flushed).rejects.toMatchObject({ code: "not-leading" }),
    a.backplane.close(),
    cluster.pass(6000),
  ]);
  expect(reported).toStrictEqual([true, false, { commits: 1, state: { text: "never sent" } }]);
  expect(() => writer.set("text", "too late")).toThrow(expect.objectContaining({ code: "not-leading" }));
  await cluster.pass(3000);
  expect(cluster.clock.timers).toBe(0);
});

test("slices that are not shown stay hidden when another writer takes over", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const options = { initialState: { text: "seen", secret: "a" }, slices: ["text"] as const };
  const first = a.backplane.writer("room", options);
  await cluster.settle();
  const second = b.backplane.writer("room", { ...options, initialState: { text: "", secret: "b" } });
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  await Promise.all([first.close(), cluster.settle()]);
  await cluster.settle();
  second.set("secret", "c");
  second.set("text", "still seen");
  await cluster.settle();
  expect(JSON.stringify(client.received)).not.toContain("secret");
  expect(client.received.at(-1)).toMatchObject({ slice: "text", seq: 1, value: "still seen" });
});

test("leads() ends with its signal, and an abandoned request leaves nothing behind", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer("room", { initialState: { text: "" } });
  await cluster.settle();
  const second = b.backplane.writer("room", { initialState: { text: "" } });
  await cluster.settle();
  const abandoned = new AbortController();
  const waiting = second.leads({ signal: abandoned.signal });
  abandoned.abort(new Error("The client has left."));
  await expect(waiting).rejects.toThrow("The client has left.");
  await expect(second.leads({ signal: abandoned.signal })).rejects.toThrow("The client has left.");
  const patient = second.leads();
  await Promise.all([first.close(), cluster.settle()]);
  await cluster.settle();
  await patient;
});

test("flushed() with a timeout rejects while the engine is away, and the change is published later", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer("room", { initialState: { text: "" } });
  await cluster.settle();
  a.engine.cut();
  writer.set("text", "late");
  const flushed = writer.flushed({ timeoutMs: 1000 });
  await Promise.all([expect(flushed).rejects.toMatchObject({ code: "timeout" }), cluster.pass(1500)]);
  a.engine.mend();
  await cluster.pass(2000);
  void b.backplane.streams.get("room").connect();
  await cluster.settle();
  expect(b.backplane.streams.get("room").state).toStrictEqual({ text: "late" });
});

test("flushed() with replicas waits for them, and says after its timeout how many there are", async () => {
  const cluster = new Cluster();
  const { backplane, engine } = cluster.node();
  const writer = backplane.writer("room", { initialState: { text: "" } });
  await cluster.settle();
  writer.set("text", "new");
  cluster.server.replicas = 1;
  await Promise.all([writer.flushed({ replicas: 1 }), cluster.settle()]);
  const late = writer.flushed({ replicas: 2, timeoutMs: 1000 });
  const message = expect.stringContaining("on 1 of 2 replicas after 1000 ms") as string;
  await Promise.all([expect(late).rejects.toMatchObject({ code: "timeout", message }), cluster.pass(1500)]);
  const patient = writer.flushed({ replicas: 2 });
  engine.cut();
  await cluster.pass(1000);
  engine.mend();
  cluster.server.replicas = 2;
  await Promise.all([patient, cluster.pass(3000)]);
  for (const replicas of [-1, 0.5])
    await expect(writer.flushed({ replicas })).rejects.toMatchObject({ code: "invalid-option" });
});

test("flushed() with replicas restores what a failover lost before it resolves", async () => {
  const cluster = new Cluster();
  const { backplane } = cluster.node();
  const writer = backplane.writer("room", { initialState: { text: "" } });
  await cluster.settle();
  const saved = cluster.server.save();
  writer.set("text", "new");
  await cluster.settle();
  cluster.server.rollBack(saved);
  cluster.server.replicas = 1;
  await Promise.all([writer.flushed({ replicas: 1 }), cluster.pass(200)]);
  expect(cluster.server.dataset(0).head("room")?.seq).toBeGreaterThan(saved.head("room")?.seq ?? Infinity);
});

test("what the engine loses while the stream is quiet is restored, also when its commits are not kept any more", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const lost: unknown[] = [];
  const writer = a.backplane.writer<Room>("room", {
    initialState: { text: "" },
    onLost: (changes) => lost.push(changes),
  });
  await cluster.settle();
  const stream = b.backplane.streams.get<Room>("room");
  new Client(stream.connect());
  await cluster.settle();
  const saved = cluster.server.save();
  writer.set("text", "acknowledged");
  await Promise.all([writer.flushed(), cluster.settle()]);
  await cluster.pass(60_000, 1000);
  cluster.server.rollBack(saved);
  await cluster.pass(30_000, 1000);
  expect([writer.leading, writer.state, stream.state, lost]).toStrictEqual([
    true,
    { text: "acknowledged" },
    { text: "acknowledged" },
    [],
  ]);
});

test.each(["writer", "backplane"] as const)(
  "flushed() with replicas and without a timeout rejects when its %s closes",
  async (what) => {
    const cluster = new Cluster();
    const { backplane } = cluster.node();
    const writer = backplane.writer("room", { initialState: { text: "" } });
    await cluster.settle();
    writer.set("text", "new");
    const flushed = writer.flushed({ replicas: 1 }).catch((error: unknown) => error);
    await cluster.pass(2000);
    void (what === "writer" ? writer : backplane).close();
    await cluster.pass(5000);
    expect(await Promise.race([flushed, Promise.resolve("waits")])).toMatchObject({ code: "not-leading" });
  },
);

test("the event ID of a writer right after a change names that state on every node", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer<Room>("room", { initialState: { text: "" } });
  await cluster.settle();
  const second = b.backplane.writer<Room>("room", { initialState: { text: "" } });
  const stream = b.backplane.streams.get("room");
  new Client(stream.connect());
  await cluster.settle();
  first.set("text", "new");
  const { eventId } = first;
  expect(stream.eventId).not.toBe(eventId);
  await cluster.settle();
  expect([stream.eventId, second.eventId, stream.state]).toStrictEqual([eventId, eventId, { text: "new" }]);
});
