import { createTestClock } from "@statestream/core/testing";
import { expect, test } from "vitest";
import type { Engine, ReadReply } from "../../src/cluster/engine.ts";
import { LargeCalls } from "../../src/cluster/large-calls.ts";
import { Client, Cluster } from "../support/nodes.ts";

test("at most 64 reads are under way, and the others follow in order", async () => {
  const answers: ((reply: ReadReply) => void)[] = [];
  const engine = { read: () => new Promise<ReadReply>((resolve) => answers.push(resolve)) } as unknown as Engine;
  const calls = new LargeCalls(engine, createTestClock().clock);
  const done: number[] = [];
  const reads = Array.from({ length: 200 }, async (_, index) => {
    await calls.read(`stream ${index}`, undefined);
    done.push(index);
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect(answers).toHaveLength(64);
  for (let answered = 0; answered < 200; answered++) {
    answers[answered]?.({ status: "empty" });
    await turn();
    expect(answers.length - done.length).toBeLessThanOrEqual(64);
  }
  await Promise.all(reads);
  expect(done).toStrictEqual(Array.from({ length: 200 }, (_, index) => index));
});

test("a key that does not exist is read once, and again after pauses that grow, however many clients come", async () => {
  const cluster = new Cluster();
  const { engine, backplane } = cluster.node();
  let reads = 0;
  cluster.server.callFate = (call, _key, node) => {
    if (call === "read" && node === engine) reads++;
    return "work";
  };
  const come = (): Client => new Client(backplane.streams.get("unknown").connect());
  come();
  await cluster.pass(400);
  expect(reads).toBe(1);
  for (let passed = 0; passed < 60_000; passed += 500) {
    come();
    await cluster.pass(500, 500);
  }
  expect(reads).toBeLessThanOrEqual(8);
});

test("a stream without clients is not read, and its next client has the newest state", async () => {
  const cluster = new Cluster();
  const [a, b] = [cluster.node(), cluster.node()];
  const writer = a.backplane.writer("room", { initialState: { text: "at first" } });
  await cluster.settle();
  const first = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  first.connection.close();
  let reads = 0;
  cluster.server.callFate = (call, _key, node) => {
    if (call === "read" && node === b.engine) reads++;
    return "work";
  };
  cluster.server.messageFate = (_message, _key, node) => (node === b.engine ? "drop" : "deliver");
  writer.set("text", "missed");
  await cluster.pass(20_000, 500);
  cluster.server.messageFate = () => "deliver";
  expect(reads).toBe(0);
  const next = new Client(b.backplane.streams.get("room").connect());
  await cluster.settle();
  expect(reads).toBe(1);
  expect(b.backplane.streams.get("room").state).toStrictEqual({ text: "missed" });
  expect(next.received.at(-1)).toMatchObject({ type: "state.update", value: "missed" });
});
