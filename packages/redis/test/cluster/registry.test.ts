import { expect, test } from "vitest";
import { Client, Cluster } from "../support/nodes.ts";

test("a stream is joined with its first client, and forgotten a while after its last", async () => {
  const cluster = new Cluster();
  const { backplane } = cluster.node({ idleMs: 10_000 });
  const stream = backplane.streams.get("room");
  expect(backplane.stats().streams).toBe(0);
  const client = new Client(stream.connect());
  await cluster.pass(3000);
  client.connection.close();
  await cluster.pass(9000, 500);
  expect(backplane.stats().streams).toBe(1);
  await cluster.pass(15_000, 500);
  expect(backplane.stats().streams).toBe(0);
  expect([stream.state, stream.eventId, stream.closing]).toStrictEqual([{}, "", undefined]);
});

test("keys by the thousand that nobody connects to cost nothing", async () => {
  const cluster = new Cluster();
  const { backplane } = cluster.node();
  for (let key = 0; key < 5000; key++) {
    const stream = backplane.streams.get(`key ${key}`);
    void [stream.state, stream.eventId, stream.closing, stream.stats()];
    await stream.close();
  }
  expect(backplane.stats().streams).toBe(0);
});

test("beyond maxStreams unused copies are dropped, and where all are used a connection ends with overloaded", async () => {
  const cluster = new Cluster();
  const { backplane } = cluster.node({ maxStreams: 2 });
  const a = new Client(backplane.streams.get("a").connect());
  const b = new Client(backplane.streams.get("b").connect());
  const refused = new Client(backplane.streams.get("c").connect());
  await cluster.settle();
  expect(refused.received).toMatchObject([{ type: "state.end", reason: "overloaded", retry: true }]);
  a.connection.close();
  const let_in = new Client(backplane.streams.get("c").connect());
  await cluster.settle();
  expect([let_in.ended, b.ended, backplane.stats().streams]).toStrictEqual([false, false, 2]);
});

test("beyond maxBytes likewise", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node({ maxBytes: 5000 })];
  for (const key of ["one", "two"]) a.backplane.writer(key, { initialState: { text: "x".repeat(6000) } });
  await cluster.settle();
  const first = new Client(b.backplane.streams.get("one").connect());
  await cluster.settle();
  const second = new Client(b.backplane.streams.get("two").connect());
  await cluster.settle();
  expect(second.received).toMatchObject([{ type: "state.end", reason: "overloaded" }]);
  first.connection.close();
  const third = new Client(b.backplane.streams.get("two").connect());
  await cluster.settle();
  expect(third.snapshots).toStrictEqual(["connect"]);
});

test("when the engine is back, all streams are compared with it, also while a comparison is under way", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer("room", { initialState: { text: "" } });
  await cluster.settle();
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  b.engine.cut("messages");
  writer.set("text", "missed");
  await cluster.settle();
  b.engine.mend();
  b.engine.mend();
  await cluster.settle();
  expect(client.received.at(-1)).toMatchObject({ value: "missed" });
});
