import { createStateClient } from "@statestream/client";
import { streamState } from "@statestream/core/fetch";
import { expect, onTestFinished, test } from "vitest";
import { Client, Cluster } from "../support/nodes.ts";
import { settled } from "../support/settled.ts";

interface Counter {
  count: number;
  by?: string[];
}

const initial: Counter = { count: 0 };
const increment = (state: Readonly<Counter>): Counter => ({ ...state, count: state.count + 1 });

test("updates from three nodes at once are all applied, once each", async () => {
  const cluster = new Cluster();
  const nodes = [cluster.node(), cluster.node(), cluster.node()];
  const all = nodes.flatMap(({ backplane }) =>
    Array.from({ length: 30 }, () => backplane.update("k", initial, increment, { timeoutMs: 60_000 })),
  );
  const ids = await settled(cluster, Promise.all(all), 60_000);
  expect(new Set(ids as string[]).size).toBe(90);
  await cluster.settle();
  for (const { backplane } of nodes) expect(backplane.streams.get("k").state).toStrictEqual({ count: 90 });
});

test("an update resolves with the ID of its event, and clients get its cause", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  await settled(cluster, a.backplane.update("k", initial, increment));
  const client = new Client(b.backplane.streams.get("k").connect());
  await cluster.settle();
  const id = await settled(cluster, a.backplane.update("k", initial, increment, { cause: { type: "inc", id: "7" } }));
  await cluster.settle();
  expect(client.lastEventId).toBe(id);
  expect(client.events.at(-1)).toMatchObject({
    type: "state.update",
    slice: "count",
    value: 2,
    cause: { type: "inc" },
  });
});

test("a client resumes across commits of alternating nodes without a snapshot", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  await settled(cluster, a.backplane.update("k", initial, increment));
  const first = new Client(a.backplane.streams.get("k").connect());
  await cluster.settle();
  first.connection.close();
  for (let n = 0; n < 60; n++) await settled(cluster, [a, b][n % 2]!.backplane.update("k", initial, increment));
  await cluster.settle();
  const { lastEventId } = first;
  const again = new Client(b.backplane.streams.get("k").connect({ lastEventId }));
  await cluster.settle();
  expect(again.snapshots).toStrictEqual([]);
  expect(again.events.filter(({ type }) => type === "state.update")).toHaveLength(60);
});

test("an update repeated with the same id on another node changes the state once", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = await settled(cluster, a.backplane.update("k", initial, increment, { id: "request 1" }));
  expect(await settled(cluster, b.backplane.update("k", initial, increment, { id: "request 1" }))).toBe(first);
  await cluster.settle();
  expect(b.backplane.streams.get("k").state).toStrictEqual({ count: 1 });
});

test("an append whose reply is lost is not made twice", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  await settled(cluster, a.backplane.update("k", initial, increment));
  let lost = 0;
  cluster.server.callFate = (call) => (call === "append" && lost++ < 2 ? "fail-after" : "work");
  await settled(cluster, a.backplane.update("k", initial, increment));
  expect(lost).toBe(3);
  await cluster.settle();
  expect(a.backplane.streams.get("k").state).toStrictEqual({ count: 2 });
});

test("an update that cannot be confirmed rejects at its deadline, and sends nothing afterwards", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  await settled(cluster, a.backplane.update("k", initial, increment));
  a.engine.cut();
  const update = settled(cluster, a.backplane.update("k", initial, increment, { timeoutMs: 1000 }));
  expect(await update).toMatchObject({ code: "timeout" });
  a.engine.mend();
  await cluster.pass(5000);
  expect(a.backplane.streams.get("k").state).toStrictEqual({ count: 1 });
});

test("an update of a stream that a writer leads rejects with has-leader; once the leader is gone, it is applied", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node({ leaseMs: 3000 }), cluster.node()];
  const writer = a.backplane.writer("k", { initialState: initial });
  await cluster.settle();
  writer.set("count", 10);
  await cluster.settle();
  expect(await settled(cluster, b.backplane.update("k", initial, increment))).toMatchObject({ code: "has-leader" });
  a.engine.cut();
  await cluster.pass(3000);
  expect(await settled(cluster, b.backplane.update("k", initial, increment))).toMatch(/^.{11}\./);
  expect(b.backplane.streams.get("k").state).toStrictEqual({ count: 11 });
  a.engine.mend();
  await cluster.pass(3000);
  expect(b.backplane.streams.get("k").state).toStrictEqual({ count: 11 });
});

test("what the function throws, and a value that JSON cannot carry, reject without a change or a retry", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  let calls = 0;
  const broken = new Error("from the application");
  const failing = a.backplane.update("k", initial, () => {
    calls++;
    throw broken;
  });
  expect(await settled(cluster, failing)).toBe(broken);
  expect(calls).toBe(1);
  const bigint = a.backplane.update<{ count: unknown }>("k", initial, () => ({ count: 1n }));
  expect(await settled(cluster, bigint)).toMatchObject({ code: "not-serializable" });
  await settled(cluster, a.backplane.update("k", initial, increment));
  expect(a.backplane.streams.get("k").state).toStrictEqual({ count: 1 });
});

test("an update that changes nothing appends nothing, and resolves with the ID of the state", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  const id = await settled(cluster, a.backplane.update("k", initial, increment));
  expect(
    await settled(
      cluster,
      a.backplane.update("k", initial, (state) => state),
    ),
  ).toBe(id);
});

test("the log stays bounded under updates alone, and a new node reads the state from it", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  for (let n = 0; n < 700; n++) await settled(cluster, a.backplane.update("k", initial, increment));
  await cluster.settle();
  const reply = cluster.server.dataset(0).read("k", undefined);
  expect(reply).toMatchObject({ status: "snapshot" });
  expect((reply as { entries: readonly unknown[] }).entries.length).toBeLessThan(450);
  const b = cluster.node();
  const client = new Client(b.backplane.streams.get("k").connect());
  await cluster.settle();
  expect(client.events[0]).toMatchObject({ type: "state.initial", slices: { count: 700 } });
});

test("what an update resolves with is a position that a client of another node reaches", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const client = createStateClient<{ n: number }>("http://server.test/events", {
    fetch: async (url, init) => streamState(new Request(url, init), b.backplane.streams.get("counter")),
  });
  onTestFinished(client.close);
  for (let n = 1; n <= 3; n++) {
    const updated = a.backplane.update("counter", { n: 0 }, (state) => ({ n: state.n + 1 }));
    await cluster.settle();
    const reached = client.reached(await updated);
    await cluster.settle();
    await reached;
    expect(client.getState()).toStrictEqual({ n });
  }
});

test("a client of some slices reaches what several nodes have written to others at once, and a client with a rate does", async () => {
  for (const { query, slices } of [{ query: "", slices: ["title" as const] }, { query: "?maxRateHz=1" }]) {
    const cluster = new Cluster();
    const [a, b] = [cluster.node(), cluster.node()];
    const start = { title: "", n: 0 };
    const client = createStateClient<typeof start>(`http://server.test/events${query}`, {
      fetch: async (url, init) => streamState(new Request(url, init), b.backplane.streams.get("k")),
      ...(slices && { slices }),
    });
    onTestFinished(client.close);
    const write = async (node: typeof a): Promise<string> => {
      const updated = node.backplane.update("k", start, (state) => ({ ...state, n: state.n + 1 }));
      return (await settled(cluster, updated)) as string;
    };
    await write(a);
    await cluster.pass(2000);
    await client.ready;
    // The first one makes a client of some slices ask for bookmarks.
    const first = client.reached(await write(a));
    await cluster.pass(2000);
    await first;
    const ids = [await write(b), await write(a), await write(b)];
    expect(new Set(ids.map((id) => id.split(".")[0])).size).toBe(3);
    const all = Promise.all(ids.map((id) => client.reached(id, { timeoutMs: 2000 })));
    await cluster.pass(2000);
    await all;
    expect(b.backplane.streams.get<typeof start>("k").state.n).toBe(5);
  }
});
