import { expect, test } from "vitest";
import { Client, Cluster } from "../support/nodes.ts";

test("a handle outlives the copy that was forgotten", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node({ idleMs: 1000, checkMs: 500 })];
  a.backplane.writer("room", { initialState: { text: "here" } });
  await cluster.settle();
  const stream = b.backplane.streams.get<{ text: string }>("room");
  const first = new Client(stream.connect());
  await cluster.settle();
  first.connection.close();
  await cluster.pass(4000);
  expect(b.backplane.stats().streams).toBe(0);
  expect(stream.stats().backplane).toMatchObject({ role: "serving", head: undefined, lag: undefined, reads: 0 });
  const second = new Client(stream.connect());
  await cluster.settle();
  expect([second.snapshots, stream.state.text]).toStrictEqual([["connect"], "here"]);
});

test("a stream that is closed says so to its clients and to those who come, and harms no other", async () => {
  const cluster = new Cluster();
  const { backplane } = cluster.node({ maxStreams: 1 });
  const client = new Client(backplane.streams.get("room").connect());
  await Promise.all([backplane.streams.get("another").close({ reason: "revoked" }), cluster.settle()]);
  const refused = new Client(backplane.streams.get("another").connect());
  await Promise.all([backplane.streams.get("room").close({ retry: false }), cluster.settle()]);
  const late = new Client(backplane.streams.get("room").connect());
  await cluster.settle();
  expect(refused.received).toMatchObject([{ reason: "overloaded" }]);
  for (const { received } of [client, late]) expect(received).toMatchObject([{ reason: "closed", retry: false }]);
});

test("the streams this node has a copy of can be listed, each as one object for as long", async () => {
  const cluster = new Cluster();
  const { backplane } = cluster.node({ idleMs: 1000, checkMs: 500 });
  expect([...backplane.streams]).toEqual([]);
  backplane.writer("room", { initialState: { text: "here" } });
  const lobby = new Client(backplane.streams.get("lobby").connect());
  await cluster.settle();
  const [room, other, ...more] = [...backplane.streams];
  expect(more).toEqual([]);
  expect([room?.stats().backplane.role, other?.stats().connections]).toEqual(["leading", 1]);
  expect([...backplane.streams][0]).toBe(room);
  lobby.connection.close();
  await cluster.pass(4000);
  expect([...backplane.streams]).toEqual([room]);
});

test("a stream that is subscribed to is joined, is a store, and is kept until nobody subscribes", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node({ idleMs: 1000, checkMs: 500 })];
  const writer = a.backplane.writer("room", { initialState: { text: "here" } });
  await cluster.settle();
  const stream = b.backplane.streams.get<{ text: string }>("room");
  const seen: (string | undefined)[] = [];
  const unsubscribe = stream.subscribe(() => seen.push(stream.state.text));
  await cluster.settle();
  writer.set("text", "there");
  await cluster.settle();
  expect(seen).toStrictEqual(["here", "there"]);
  await cluster.pass(4000);
  expect(b.backplane.stats().streams).toBe(1);
  unsubscribe();
  unsubscribe();
  await cluster.pass(4000);
  expect(b.backplane.stats().streams).toBe(0);
});

test("a snapshot of a stream is what a client of these slices resumes from on any node", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  a.backplane.writer("room", { initialState: { text: "here", other: 1 } });
  const stream = b.backplane.streams.get<{ text: string; other: number }>("room");
  expect(stream.snapshot()).toStrictEqual({ state: {}, eventId: "" });
  stream.subscribe(() => undefined);
  await cluster.settle();
  const { state, eventId } = stream.snapshot({ slices: ["text"] });
  expect(state).toStrictEqual({ text: "here" });
  const connection = a.backplane.streams.get("room").connect({ lastEventId: eventId, slices: ["text"] });
  new Client(connection);
  await cluster.settle();
  expect(connection.resumed).toBe(true);
});
