import { expect, test } from "vitest";
import { Client, Cluster } from "./support/nodes.ts";

interface Room {
  messages: string[];
  topic?: string;
}

test("what one node writes, clients of every node are told, with the same ids", async () => {
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
    expect(client.told).toMatchObject([
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
  expect(client.told.at(-1)).toMatchObject({ slice: "messages", seq: 2, base: 1 });
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
  expect(client.told.at(-1)).toMatchObject({ slice: "topic", seq: 2, value: "after" });
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
  expect(client.told.at(-1)).toMatchObject({ slice: "topic", seq: 3, value: "three" });
  expect(a.backplane.streams.get("room").stats().backplane).toMatchObject({ repairs: 1, head: { seq: 3 }, lag: 0 });
});
