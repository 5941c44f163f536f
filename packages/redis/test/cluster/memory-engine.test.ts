import { describe, expect, test } from "vitest";
import type { Message } from "../../src/cluster/engine.ts";
import { at, checkpoint, entry, installing, publishing } from "../support/entries.ts";
import { type MemoryEngine, MemoryEngineServer } from "../support/memory-engine.ts";

describe("MemoryEngineServer", () => {
  const follow = async (node: MemoryEngine) => {
    const heard: string[] = [];
    await node.subscribe("k", (message) => heard.push(nameOf(message)));
    return heard;
  };
  const changesOf = (node: MemoryEngine) => {
    const changes: string[] = [];
    node.onChange((change) => changes.push(change));
    return changes;
  };
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  };
  const publish = async (node: MemoryEngine, ...entries: ReturnType<typeof entry>[]) =>
    node.publish("k", publishing(entries));

  test("keeps a stream for expireMs after the last call that keeps it", async () => {
    let now = 0;
    const node = new MemoryEngineServer({ now: () => now, expireMs: 100 }).connect();
    await node.install("k", installing(0));
    for (const call of [() => publish(node, entry(1)), () => node.acquire("k", "writer", 1)]) {
      now += 99;
      await call();
    }
    now += 99;
    expect(await node.read("k", undefined)).toMatchObject({ status: "snapshot" });
    now += 1;
    expect(await node.read("k", undefined)).toEqual({ status: "empty" });
  });

  test("rolls back to what was saved", async () => {
    const server = new MemoryEngineServer();
    const node = server.connect();
    await node.install("k", installing(0));
    await publish(node, entry(1));
    const saved = server.save();
    await publish(node, entry(2), entry(3));
    for (let time = 0; time < 2; time++) {
      server.rollBack(saved);
      expect(await node.heads(["k"])).toEqual([at("A", 1)]);
      expect(await publish(node, entry(3))).toEqual({ status: "behind", head: at("A", 1) });
      expect(await publish(node, entry(2, { epoch: "B", previous: "A" }))).toMatchObject({ status: "ok" });
    }
  });

  test("splits into two that know nothing of each other, and is one again", async () => {
    const server = new MemoryEngineServer();
    const [left, right] = [server.connect(), server.connect()];
    const [leftHeard, rightHeard, rightChanges] = [await follow(left), await follow(right), changesOf(right)];
    await left.install("k", installing(0));
    await settle();
    server.split();
    right.attach(1);
    expect(rightChanges).toEqual(["up"]);
    await publish(left, entry(1));
    await publish(right, entry(1, { epoch: "B", previous: "A" }), entry(2, { epoch: "B" }));
    expect([await left.heads(["k"]), await right.heads(["k"])]).toEqual([[at("A", 1)], [at("B", 2)]]);
    await settle();
    expect(leftHeard).toEqual(["head", "A1"]);
    expect(rightHeard).toEqual(["head", "B1", "B2"]);

    server.unify(1);
    expect(await left.heads(["k"])).toEqual([at("B", 2)]);
    await publish(right, entry(3, { epoch: "B" }));
    await settle();
    expect(leftHeard).toEqual(["head", "A1", "B3"]);
    expect(rightHeard.at(-1)).toBe("B3");
  });

  test("drops, repeats and holds messages of single nodes", async () => {
    const server = new MemoryEngineServer();
    const [lucky, unlucky] = [server.connect(), server.connect()];
    const [a, b] = [await follow(lucky), await follow(unlucky)];
    const fates = ["drop", "twice", "hold", "hold", "deliver", "hold"] as const;
    let next = 0;
    server.messageFate = (_message, _key, node) => (node === lucky ? "deliver" : (fates[next++] ?? "deliver"));
    await lucky.install("k", installing(0));
    await publish(lucky, entry(1), entry(2), entry(3), entry(4), entry(5));
    await settle();
    expect(a).toEqual(["head", "A1", "A2", "A3", "A4", "A5"]);
    expect(b).toEqual(["A1", "A1", "A4", "A2", "A3"]);
    server.releaseHeld();
    await settle();
    expect(b.at(-1)).toBe("A5");
  });

  test("fails calls before and after they took effect", async () => {
    const server = new MemoryEngineServer();
    const node = server.connect();
    await node.install("k", installing(0));
    server.callFate = (call) => (call === "publish" ? "fail-before" : "work");
    await expect(publish(node, entry(1))).rejects.toThrow("unknown");
    expect(await node.heads(["k"])).toEqual([at("A", 0)]);
    server.callFate = (call) => (call === "publish" ? "fail-after" : "work");
    await expect(publish(node, entry(1))).rejects.toThrow("unknown");
    expect(await node.heads(["k"])).toEqual([at("A", 1)]);
  });

  test("cuts a node off alone, and what is under way is lost", async () => {
    const server = new MemoryEngineServer();
    const [cut, whole] = [server.connect(), server.connect()];
    const [heard, changes] = [await follow(cut), changesOf(cut)];
    await whole.install("k", installing(0));
    await settle();
    const pending = cut.read("k", undefined);
    cut.cut();
    await expect(pending).rejects.toThrow("unknown");
    await expect(cut.read("k", undefined)).rejects.toThrow("unknown");
    expect([changes, cut.downSince]).toEqual([[], undefined]);
    cut.noticeDown();
    expect([changes, cut.downSince]).toEqual([["down"], expect.any(Number)]);
    expect(await publish(whole, entry(1))).toMatchObject({ status: "ok" });
    cut.mend();
    expect([changes, cut.downSince]).toEqual([["down", "up"], undefined]);
    await publish(whole, entry(2));
    expect(await cut.heads(["k"])).toEqual([at("A", 2)]);
    await settle();
    expect(heard).toEqual(["head", "A2"]);
  });

  test("makes a node deaf whose calls still work", async () => {
    const server = new MemoryEngineServer();
    const node = server.connect();
    const heard = await follow(node);
    node.cut("messages");
    expect(await node.install("k", installing(0))).toEqual({ status: "ok" });
    await expect(node.subscribe("l", () => {})).rejects.toThrow("unknown");
    node.mend();
    await publish(node, entry(1));
    await settle();
    expect(heard).toEqual(["A1"]);
  });

  test("keeps the order within a link, whatever the order of turns", async () => {
    const turns: (() => void)[] = [];
    const server = new MemoryEngineServer({ defer: (fn) => void turns.push(fn) });
    const node = server.connect();
    const replies: string[] = [];
    void node.install("k", installing(0)).then(() => replies.push("installed"));
    void publish(node, entry(1)).then(() => replies.push("published"));
    void node.heads(["k"]).then((heads) => replies.push(JSON.stringify(heads)));
    for (let left = 100; left > 0 && turns.length > 0; left--) {
      turns.pop()?.();
      await Promise.resolve();
    }
    await settle();
    expect(replies).toEqual(["installed", "published", JSON.stringify([at("A", 1)])]);
  });

  test("loses single keys, or all", async () => {
    const server = new MemoryEngineServer();
    const node = server.connect();
    await node.install("k", installing(1, { entries: [entry(1)] }));
    await publish(node, entry(2));
    server.evict("k", "checkpoint");
    expect(await node.read("k", undefined)).toMatchObject({ status: "broken" });
    await node.publish("k", publishing([], { checkpoint: checkpoint(2) }));
    server.evict("k", "log");
    expect(await node.read("k", undefined)).toMatchObject({ status: "snapshot", entries: [] });
    server.wipe();
    expect(await node.read("k", undefined)).toEqual({ status: "empty" });
  });
});

function nameOf(message: Message): string {
  return message.kind === "head" ? "head" : `${message.entry.epoch}${message.entry.last}`;
}
