import { expect, test } from "vitest";
import type { Commit } from "../../src/cluster/engine.ts";
import type { OwnStateWriter } from "../../src/cluster/state-writer.ts";
import { Client, Cluster, type Node } from "../support/nodes.ts";

interface Room {
  text: string;
  other?: string;
}

const MIB = 1024 * 1024;

async function leading(cluster: Cluster, node: Node, reported: unknown[] = []): Promise<OwnStateWriter<Room>> {
  const writer = node.backplane.writer<Room>("room", {
    initialState: { text: "" },
    onLeadership: (leads) => reported.push(leads),
    onLost: (lost) => reported.push(lost),
  });
  await cluster.settle();
  return writer;
}

test("an unknown outcome is resolved by sending the same call again", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = await leading(cluster, a);
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  let failing = 3;
  cluster.server.callFate = (call) => (call === "publish" && failing-- > 0 ? "fail-after" : "work");
  writer.set("text", "one");
  await cluster.pass(2000);
  expect(client.received.filter(({ type }) => type === "state.update")).toHaveLength(1);
  expect(a.errors.map(({ code }) => code)).toStrictEqual(["backplane-failed"]);
});

test("a writer that cannot reach the engine leads until its lease ends, and publishes what is pending when the engine is back", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const reported: unknown[] = [];
  const writer = await leading(cluster, a, reported);
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  let calls = 0;
  cluster.server.callFate = (_call, _key, node) => {
    if (node !== a.engine) return "work";
    calls++;
    return "fail-before";
  };
  let last = "";
  for (let count = 0; count < 20; count++) {
    // The lease is of 5,000 ms.
    expect(writer.leading).toBe(count < 10);
    if (writer.leading) writer.set("text", (last = `change ${count}`));
    else expect(() => writer.set("text", "refused")).toThrow(expect.objectContaining({ code: "not-leading" }));
    await cluster.pass(500);
  }
  expect(calls).toBeLessThan(60);
  expect(reported).toStrictEqual([true, false]);
  cluster.server.callFate = () => "work";
  await cluster.pass(2000);
  expect([writer.leading, reported]).toStrictEqual([true, [true, false, true]]);
  expect(b.backplane.streams.get("room").state).toStrictEqual({ text: last });
  expect(client.snapshots).toStrictEqual(["connect"]);
});

test("more changes than can wait for the engine are published as one difference", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = await leading(cluster, a);
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  const epochs = [client.lastEventId.split(".")[0]];
  for (const text of ["short again", "and again"]) {
    a.engine.cut();
    for (let count = 0; count < 10; count++) writer.set("text", `${count}`.repeat(MIB));
    writer.set("text", text);
    await cluster.pass(1000);
    const flushed = writer.flushed();
    a.engine.mend();
    await cluster.pass(3000);
    await flushed;
    epochs.push(client.lastEventId.split(".")[0]);
  }
  const updates = client.received.filter(({ type }) => type === "state.update");
  expect(updates).toMatchObject([{ value: "short again" }, { value: "and again" }]);
  expect(client.snapshots).toStrictEqual(["connect"]);
  // What was dropped may have been sent: its seqs are never used again under its epoch.
  expect(new Set(epochs).size).toBe(3);
});

test("one change that is larger than all that may wait is published all the same", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  const writer = await leading(cluster, a);
  writer.set("text", "x".repeat(9 * MIB));
  await cluster.pass(500);
  await writer.flushed();
  writer.set("other", "still going");
  await cluster.settle();
  await writer.flushed();
});

test("flushed does not wait for what is changed after it", async () => {
  const cluster = new Cluster();
  const writer = await leading(cluster, cluster.node());
  writer.set("text", "before");
  let flushed = false;
  void writer.flushed().then(() => (flushed = true));
  for (let count = 0; count < 10; count++) {
    await cluster.turn();
    writer.set("text", `after ${count}`);
  }
  expect(flushed).toBe(true);
});

test("a leader from before the engine went back in time continues to lead, and nothing is lost", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = await leading(cluster, a);
  first.set("text", "of the first");
  await cluster.settle();
  const saved = cluster.server.save();
  await Promise.all([first.close(), cluster.settle()]);
  const reported: unknown[] = [];
  const second = await leading(cluster, b, reported);
  second.set("other", "of the second");
  await cluster.settle();
  cluster.server.rollBack(saved);
  // The lease of the first one, as the engine has it again, has run out.
  cluster.skewMs = 6000;
  await cluster.pass(3000);
  expect([second.leading, reported]).toStrictEqual([true, [true]]);
  expect(b.backplane.streams.get("room").state).toStrictEqual({ text: "of the first", other: "of the second" });
  expect(cluster.server.dataset(0).head("room")).toMatchObject({ seq: 2 });
});

test("a leader that returns after another one led does not overwrite what that one wrote, and reports what was lost", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const reported: unknown[] = [];
  const first = await leading(cluster, a, reported);
  first.set("text", "of the first");
  await cluster.settle();
  a.engine.cut();
  first.set("other", "never published");
  const second = await leading(cluster, b);
  await cluster.pass(9000);
  expect(() => first.set("text", "refused")).toThrow(expect.objectContaining({ code: "not-leading" }));
  expect(second.leading).toBe(true);
  second.set("text", "of the second");
  await cluster.settle();
  await Promise.all([second.close(), cluster.settle()]);
  a.engine.mend();
  await cluster.pass(4000);
  const changes = [{ slice: "other", value: "never published" }];
  expect(reported).toMatchObject([
    true,
    false,
    { commits: 1, changes, vanished: false, state: { other: "never published" } },
    true,
  ]);
  expect(a.backplane.streams.get("room").state).toStrictEqual({ text: "of the second" });
});

test("a leader that is fenced because the engine forgot its lease continues to lead, and nothing is lost", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const first = await leading(cluster, a);
  await Promise.all([first.close(), cluster.settle()]);
  // Nobody leads, as the engine has it again later.
  const saved = cluster.server.save();
  const reported: unknown[] = [];
  const second = await leading(cluster, b, reported);
  second.set("text", "acknowledged");
  await cluster.settle();
  cluster.server.rollBack(saved);
  second.set("other", "pending");
  await cluster.settle();
  expect([second.leading, reported]).toStrictEqual([true, [true]]);
  expect(b.backplane.streams.get("room").state).toStrictEqual({ text: "acknowledged", other: "pending" });
  expect(cluster.server.dataset(0).head("room")).toMatchObject({ seq: 2 });
});

test("an engine that went back in time is given all it lost and all that was pending, in their order", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = await leading(cluster, a);
  const client = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  const saved = cluster.server.save();
  for (const text of ["one", "two"]) {
    writer.set("text", text);
    await cluster.settle();
  }
  let failing = true;
  cluster.server.callFate = (call) => (call === "publish" && failing ? "fail-before" : "work");
  for (const text of ["three", "four"]) writer.set("text", text);
  await cluster.settle();
  expect(cluster.server.dataset(0).head("room")).toMatchObject({ seq: 2 });
  cluster.server.rollBack(saved);
  failing = false;
  await cluster.pass(1000);
  const updates = client.received.filter(({ type }) => type === "state.update");
  expect(updates).toMatchObject(["one", "two", "three", "four"].map((value, index) => ({ seq: index + 1, value })));
  const again = cluster.server.dataset(0).read("room", saved.head("room"));
  expect(again).toMatchObject({ status: "tail", entries: [1, 2, 3, 4].map((last) => ({ last })) });
});

test("changes that the engine lost after it had acknowledged them are reported as vanished when another writer leads before they are published again", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const reported: unknown[] = [];
  const first = await leading(cluster, a, reported);
  const second = await leading(cluster, b);
  const saved = cluster.server.save();
  first.set("text", "acknowledged");
  await cluster.settle();
  cluster.server.rollBack(saved);
  let publishes = 0;
  cluster.server.callFate = (call, _key, node) =>
    node === a.engine && call === "publish" && ++publishes > 1 ? "fail-before" : "work";
  first.set("other", "pending");
  await cluster.settle();
  // The lease, as the engine has it again, has run out.
  cluster.skewMs = 6000;
  await cluster.pass(6000);
  expect(second.leading).toBe(true);
  cluster.server.callFate = () => "work";
  await cluster.pass(4000);
  expect(reported.at(-1)).toMatchObject({
    commits: 2,
    vanished: true,
    state: { text: "acknowledged", other: "pending" },
  });
});

test.each(["commits", "a checkpoint"])(
  "a leader that finds %s of a format it does not know leaves it in place, and leads no more",
  async (what) => {
    const cluster = new Cluster();
    const told: unknown[] = [];
    // What this node stores is what a later version would have stored under the same lease.
    const later = (commit: Commit): Commit => ({ ...commit, body: commit.body.replace(/^\d+/, "999") });
    const node = cluster.node({}, (engine) => {
      const publish = engine.publish.bind(engine);
      engine.publish = (key, { entries, checkpoint, ...request }) => {
        const body = checkpoint?.body.replace('"format":1,', '"format":999,');
        return publish(
          key,
          what === "commits"
            ? { ...request, entries: entries.map(later), checkpoint: undefined }
            : { ...request, entries, checkpoint: checkpoint && { ...checkpoint, body: body as string } },
        );
      };
      return engine;
    });
    const writer = await leading(cluster, node, told);
    writer.set("text", "of a later version".repeat(4000));
    await cluster.settle();
    const stored = cluster.server.dataset(0).read("room", undefined);
    expect(JSON.stringify(stored)).toContain("999");
    // More than can wait, so that the leader must continue from what the engine has.
    node.engine.cut();
    for (let count = 0; count < 10; count++) writer.set("text", `${count}`.repeat(MIB));
    await cluster.pass(1000);
    node.engine.mend();
    await cluster.pass(5000);
    expect(cluster.server.dataset(0).read("room", undefined)).toStrictEqual(stored);
    expect(told).toMatchObject([true, false, { commits: expect.any(Number) as number, vanished: false }]);
    expect(writer.leading).toBe(false);
    expect(node.errors.map(({ message }) => message).join(" ")).toContain("later version");
  },
);
