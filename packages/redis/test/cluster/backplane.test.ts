import { expect, test } from "vitest";
import { Client, Cluster } from "../support/nodes.ts";

interface Room {
  messages: string[];
  topic?: string;
}

test("a change on one node reaches the clients of every node, with the same ids", async () => {
  const cluster = new Cluster();
  const [a, b, c] = [cluster.node(), cluster.node(), cluster.node()];
  const writer = a.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  expect(writer.leading).toBe(true);
  const clients = [a, b, c].map(({ backplane }) => new Client(backplane.streams.get("room").connect()));
  await cluster.settle();
  writer.set("messages", ["hello"]);
  writer.batch(() => {
    writer.set("messages", (messages) => [...messages, "world"]);
    writer.set("topic", "greetings");
  });
  await cluster.settle();
  for (const client of clients) {
    expect(client.received).toMatchObject([
      { type: "state.initial", reason: "connect", slices: { messages: [] }, seq: 0 },
      { type: "state.update", slice: "messages", seq: 1, base: 0 },
      { type: "state.update", slice: "messages", seq: 2, base: 1, more: true },
      { type: "state.update", slice: "topic", seq: 3, base: 0, value: "greetings" },
    ]);
    expect(client.lastEventId).toBe(clients[0]?.lastEventId);
  }
  expect(b.backplane.streams.get("room").state).toStrictEqual({ messages: ["hello", "world"], topic: "greetings" });
  await writer.flushed();
});

test("a client resumes on another node", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  const first = new Client(a.backplane.streams.get("room").connect());
  await cluster.settle();
  writer.set("topic", "one");
  await cluster.settle();
  first.connection.close();
  writer.set("topic", "two");
  await cluster.settle();
  const { lastEventId } = first;
  const second = new Client(b.backplane.streams.get("room").connect({ lastEventId }));
  await cluster.settle();
  expect(second.events).toMatchObject([
    { type: "heartbeat", seq: 1 },
    { type: "state.update", slice: "topic", seq: 2, base: 1, value: "two" },
  ]);
});

test("a writer that closes hands over, and nobody needs a snapshot", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = a.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  const second = b.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  expect([first.leading, second.leading]).toStrictEqual([true, false]);
  const client = new Client(b.backplane.streams.get("room").connect());
  first.set("messages", ["from the first"]);
  await cluster.settle();
  await Promise.all([first.close(), cluster.settle()]);
  await cluster.settle();
  expect([first.leading, second.leading]).toStrictEqual([false, true]);
  expect(second.state).toStrictEqual({ messages: ["from the first"] });
  second.set("messages", ["from the second"]);
  await cluster.settle();
  expect(client.snapshots).toStrictEqual(["connect"]);
  expect(client.received.at(-1)).toMatchObject({ slice: "messages", seq: 2, base: 1 });
});

test("when everything in the engine is gone, the writer puts it back and clients notice nothing", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  const client = new Client(b.backplane.streams.get("room").connect());
  writer.set("topic", "before");
  await cluster.settle();
  cluster.server.wipe();
  writer.set("topic", "after");
  await cluster.settle();
  expect(client.snapshots).toStrictEqual(["connect"]);
  expect(client.received.at(-1)).toMatchObject({ slice: "topic", seq: 2, value: "after" });
});

test("what the engine lost in a failover, the writer gives it again", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  const client = new Client(b.backplane.streams.get("room").connect());
  writer.set("topic", "one");
  await cluster.settle();
  const saved = cluster.server.save();
  writer.set("topic", "two");
  await cluster.settle();
  cluster.server.rollBack(saved);
  writer.set("topic", "three");
  await cluster.pass(1000);
  expect(client.snapshots).toStrictEqual(["connect"]);
  expect(client.received.at(-1)).toMatchObject({ slice: "topic", seq: 3, value: "three" });
  expect(a.backplane.streams.get("room").stats().backplane).toMatchObject({ repairs: 1, head: { seq: 3 }, lag: 0 });
});

test("a backplane that closes hands over, ends its clients, lets nobody in any more, and leaves nothing behind", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer<Room>("room", { initialState: { messages: [] } });
  await cluster.settle();
  const other = b.backplane.writer<Room>("room", { initialState: { messages: [] } });
  const client = new Client(a.backplane.streams.get("room").connect());
  await cluster.settle();
  writer.set("topic", "kept");
  const closed = a.backplane.close();
  expect(() => a.backplane.writer("another", { initialState: {} })).toThrow(
    expect.objectContaining({ code: "stream-closed" }),
  );
  await Promise.all([closed, a.backplane.close(), cluster.settle()]);
  expect(client.received.at(-1)).toMatchObject({ type: "state.end", reason: "draining", retry: true });
  const late = new Client(a.backplane.streams.get("room").connect());
  await cluster.settle();
  expect(late.received).toMatchObject([{ type: "state.end", reason: "draining" }]);
  expect([other.leading, other.state]).toStrictEqual([true, { messages: [], topic: "kept" }]);
  await Promise.all([b.backplane.close(), cluster.settle()]);
  expect(cluster.clock.timers).toBe(0);
});

test("a wrong option throws at once, also of a writer that does not lead yet", () => {
  const { backplane } = new Cluster().node();
  const invalid = expect.objectContaining({ code: "invalid-option" });
  expect(() => new Cluster().node({ leaseMs: 0 })).toThrow(invalid);
  expect(() => new Cluster().node({ stream: { heartbeatMs: -1 } })).toThrow(invalid);
  expect(() => backplane.writer("room", { initialState: {}, heartbeatMs: -1 })).toThrow(invalid);
  const source = { getState: () => ({}), subscribe: () => () => undefined };
  expect(() => backplane.writer("room", { source, heartbeatMs: -1 })).toThrow(invalid);
  expect(() => backplane.writer("room", { source: {} as typeof source })).toThrow(invalid);
  backplane.writer("room", { source });
  expect(() => backplane.writer("room", { source })).toThrow(invalid);
});

test("an onError that throws harms nobody", async () => {
  const cluster = new Cluster();
  const node = cluster.node({
    onError: () => {
      throw new Error("of the application");
    },
  });
  node.engine.cut();
  const client = new Client(node.backplane.streams.get("room").connect());
  await cluster.pass(1000);
  node.engine.mend();
  node.backplane.writer("room", { initialState: { text: "here" } });
  await cluster.pass(2000);
  expect(client.received).toMatchObject([{ slices: { text: "here" } }]);
});
