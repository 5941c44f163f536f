import { expect, test } from "vitest";
import { Client, Cluster, type Node } from "../support/nodes.ts";

/** A node that writes, one that serves, and a client of the second. */
async function serving() {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  // Not the beginning of a later text: growing text may reach clients as one event for several changes.
  const writer = a.backplane.writer<{ text: string }>("room", { initialState: { text: "at first" } });
  await cluster.settle();
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  return { cluster, a, b, writer, client };
}

function statsOf({ backplane }: Node) {
  return backplane.streams.get("room").stats().backplane;
}

test("messages that arrive twice, late or not at all change nothing in what clients receive", async () => {
  const { cluster, b, writer, client } = await serving();
  const fates = ["hold", "deliver", "twice", "hold", "hold", "deliver", "deliver"] as const;
  let count = 0;
  cluster.server.messageFate = (_message, _key, node) =>
    (node === b.engine ? fates[count++ % 7] : undefined) ?? "deliver";
  for (let change = 1; change <= 14; change++) {
    writer.set("text", `change ${change}`);
    await cluster.settle();
  }
  await cluster.pass(8000);
  const updates = client.received.filter(({ type }) => type === "state.update");
  expect(updates.map((event) => "seq" in event && event.seq)).toStrictEqual(
    Array.from({ length: 14 }, (_, i) => i + 1),
  );
  expect([client.snapshots, statsOf(b).resyncs]).toStrictEqual([["connect"], {}]);
});

test("a subscription that is dead although the connection lives is made anew", async () => {
  const { cluster, b, writer, client } = await serving();
  await Promise.all([b.engine.unsubscribe("room"), cluster.settle()]);
  writer.set("text", "unheard");
  await cluster.pass(7000);
  expect(client.received.at(-1)).toMatchObject({ value: "unheard" });
  writer.set("text", "heard");
  await cluster.settle();
  expect(client.received.at(-1)).toMatchObject({ value: "heard" });
});

test("in an outage clients receive stale and keep their state, and new clients are sent the copy", async () => {
  const { cluster, b, client } = await serving();
  b.engine.cut();
  b.engine.noticeDown();
  await cluster.settle();
  expect(client.events.at(-1)).toMatchObject({ type: "heartbeat", stale: true });
  const another = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  expect(another.received).toMatchObject([{ type: "state.initial", slices: { text: "at first" } }]);
  b.engine.mend();
  await cluster.settle();
  expect(client.events.at(-1)).toMatchObject({ type: "heartbeat" });
  expect(client.events.at(-1)).not.toHaveProperty("stale");
  expect([client.ended, statsOf(b).staleSince]).toStrictEqual([false, undefined]);
});

test("in an outage a client of a stream without a copy here is refused after joinMs", async () => {
  const { cluster, b } = await serving();
  b.engine.cut();
  b.engine.noticeDown();
  const clients = [
    new Client(b.backplane.streams.get("another").connect()),
    new Client(b.backplane.streams.get("room").connect({ lastEventId: "unknownepoc.5" })),
  ];
  await cluster.pass(4500);
  expect(clients.map(({ received }) => received)).toStrictEqual([[], []]);
  await cluster.pass(1000);
  for (const { received } of clients)
    expect(received).toMatchObject([{ type: "state.end", reason: "unavailable", retry: true }]);
});

test("an id that nobody knows is answered with a snapshot once the engine was read", async () => {
  const { cluster, b } = await serving();
  const stranger = new Client(b.backplane.streams.get("room").connect({ lastEventId: "unknownepoc.0" }));
  await cluster.settle();
  expect(stranger.snapshots).toStrictEqual(["epoch"]);
});

test("a client ahead of a node that lags waits for it, whichever clients came before", async () => {
  const { cluster, a, b, writer } = await serving();
  cluster.server.messageFate = (_message, _key, node) => (node === b.engine ? "drop" : "deliver");
  const early = new Client(b.backplane.streams.get("room").connect({ lastEventId: "unknownepoc.z" }));
  await cluster.pass(1900);
  // The engine goes back in time, and its writer is slow to notice: until then even a read says that the client is ahead.
  const saved = cluster.server.save();
  writer.set("text", "newer");
  await cluster.settle();
  const id = a.backplane.streams.get("room").eventId;
  cluster.server.rollBack(saved);
  const late = new Client(b.backplane.streams.get("room").connect({ lastEventId: id }));
  await cluster.pass(300);
  expect([early.snapshots, late.received]).toStrictEqual([["epoch"], []]);
  await cluster.pass(2000);
  expect(late.events).toMatchObject([{ type: "heartbeat", seq: 1 }]);
  expect(late.lastEventId).toBe(id);
});

test("a stream that nobody writes is read at a bounded rate, and known at once when it is created", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.pass(4000);
  expect(statsOf(b).reads).toBeLessThan(12);
  a.backplane.writer("room", { initialState: { text: "here" } });
  await cluster.settle();
  expect(client.received).toMatchObject([{ type: "state.initial", slices: { text: "here" } }]);
});

test("an engine that fails is called at a bounded rate, however many clients come, and reported once", async () => {
  const { cluster, b } = await serving();
  let calls = 0;
  cluster.server.callFate = (_call, _key, node) => (node === b.engine && ++calls > 0 ? "fail-before" : "work");
  for (let count = 0; count < 100; count++) {
    new Client(b.backplane.streams.get("room").connect({ lastEventId: "unknownepoc.5" }));
    await cluster.pass(100);
  }
  expect(calls).toBeLessThan(30);
  // The comparison of all streams, and this one.
  expect(b.errors.length).toBeLessThanOrEqual(2);
});
