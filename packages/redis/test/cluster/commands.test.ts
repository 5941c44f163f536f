import { expect, test } from "vitest";
import type { OwnStateWriter } from "../../src/cluster/state-writer.ts";
import { Cluster, type Node } from "../support/nodes.ts";
import { settled } from "../support/settled.ts";

interface Counter {
  count: number;
}

/** A writer that adds what it is sent, and counts how often it was called. */
function adder(node: Node) {
  const calls: unknown[] = [];
  const writer: OwnStateWriter<Counter> = node.backplane.writer<Counter>("k", {
    initialState: { count: 0 },
    onCommand(command) {
      calls.push(command);
      if (command === "fail") throw new Error("No such command");
      writer.set("count", (count) => count + (command as number));
      return { count: writer.state.count };
    },
  });
  return { writer, calls };
}

test("a command from any node reaches the leader, and is answered once its change is in the stream", async () => {
  const cluster = new Cluster();
  const [a, b, c] = [cluster.node(), cluster.node(), cluster.node()];
  adder(a);
  await cluster.settle();
  adder(b);
  await cluster.settle();
  for (const [index, { backplane }] of [a, b, c].entries()) {
    expect(await settled(cluster, backplane.send("k", 5))).toStrictEqual({ count: 5 * (index + 1) });
    expect(cluster.server.dataset(0).head("k")).toMatchObject({ seq: index + 1 });
  }
});

test("a command is handled once for each id, on whichever node it is repeated, also by the next leader", async () => {
  const cluster = new Cluster();
  const [a, b, c] = [cluster.node(), cluster.node(), cluster.node()];
  const first = adder(a);
  await cluster.settle();
  const second = adder(b);
  await cluster.settle();
  const answer = await settled(cluster, c.backplane.send("k", 5, { id: "request 1" }));
  expect(await settled(cluster, b.backplane.send("k", 5, { id: "request 1" }))).toStrictEqual(answer);
  await Promise.all([first.writer.close(), cluster.settle()]);
  await cluster.pass(6000);
  expect(second.writer.leading).toBe(true);
  expect(await settled(cluster, c.backplane.send("k", 5, { id: "request 1" }))).toStrictEqual(answer);
  expect([first.calls, second.calls]).toStrictEqual([[5], []]);
});

test("a leader that cannot find out whether a command was handled before is asked again", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const { calls } = adder(a);
  await cluster.settle();
  let failures = 0;
  cluster.server.callFate = (call) => (call === "answer" && failures++ === 0 ? "fail-before" : "work");
  const sent = b.backplane.send("k", 5, { id: "request 1" });
  await cluster.pass(2000);
  expect(await settled(cluster, sent)).toStrictEqual({ count: 5 });
  expect([calls, failures]).toStrictEqual([[5], 2]);
});

test("a leader that dies after its change was stored, but before it answered, does not double the command", async () => {
  const cluster = new Cluster();
  const [a, b, c] = [cluster.node(), cluster.node(), cluster.node()];
  adder(a);
  await cluster.settle();
  const second = adder(b);
  await cluster.settle();
  cluster.server.callFate = (call, _key, node) => {
    if (node !== a.engine || call !== "publish") return "work";
    // The engine has the change, and the leader is gone.
    queueMicrotask(() => a.engine.cut());
    return "work";
  };
  expect(await settled(cluster, c.backplane.send("k", 5, { timeoutMs: 20_000 }), 20_000)).toStrictEqual({ count: 5 });
  expect(second.writer.state).toStrictEqual({ count: 5 });
  expect(second.calls).toStrictEqual([]);
});

test("a command that nobody handles in time rejects, and is not handled later", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  expect(await settled(cluster, b.backplane.send("k", 5, { timeoutMs: 1000 }))).toMatchObject({ code: "timeout" });
  const { calls } = adder(a);
  await cluster.pass(10_000);
  expect(calls).toStrictEqual([]);
});

test("what the handler throws rejects the command with its message", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const { calls } = adder(a);
  await cluster.settle();
  const failed = { code: "command-failed", message: "No such command" };
  expect(await settled(cluster, b.backplane.send("k", "fail"))).toMatchObject(failed);
  expect(await settled(cluster, a.backplane.send("k", "fail"))).toMatchObject(failed);
  expect(calls).toHaveLength(2);
});

test("an asynchronous handler is refused: its changes and its answer could not be stored together", async () => {
  const cluster = new Cluster();
  const a = cluster.node();
  a.backplane.writer<Counter>("k", { initialState: { count: 0 }, onCommand: async () => "late" });
  await cluster.settle();
  const message = "onCommand returned a promise; it must return its answer at once.";
  expect(await settled(cluster, a.backplane.send("k", 1))).toMatchObject({ code: "command-failed", message });
});
