import { expect, test, vi } from "vitest";
import type { Engine, Message } from "../../src/cluster/engine.ts";
import { forEachEngine } from "../support/engines.ts";
import { entry, installing, publishing } from "../support/entries.ts";

forEachEngine("messages", (engines) => {
  const follow = async (engine: Engine, key: string) => {
    const heard: Message[] = [];
    await engine.subscribe(key, (message) => heard.push(message));
    return heard;
  };
  const messagesOf = (...entries: ReturnType<typeof entry>[]) => entries.map((of) => ({ kind: "entry", entry: of }));
  const HEAD = { kind: "head" };

  test("bring every node each entry once and in order", async () => {
    const [a, b] = [await follow(engines.engine, "k"), await follow(engines.open(), "k")];
    await engines.engine.install("k", installing(0));
    const entries = Array.from({ length: 50 }, (_, index) => entry(index + 1, { body: `a b\n${index} 💥` }));
    await engines.engine.publish("k", publishing(entries.slice(0, 20)));
    await Promise.all(entries.slice(20).map((next) => engines.engine.publish("k", publishing([next]))));
    await vi.waitFor(() => expect(a).toHaveLength(51));
    await vi.waitFor(() => expect(b).toHaveLength(51));
    expect(a).toEqual([HEAD, ...messagesOf(...entries)]);
    expect(b).toEqual(a);
  });

  test("are sent again when a publish is repeated, since the first ones may be lost, and for what is there before a conflict", async () => {
    const heard = await follow(engines.engine, "k");
    await engines.engine.install("k", installing(0));
    await engines.engine.publish("k", publishing([entry(1)]));
    await engines.engine.publish("k", publishing([entry(1)]));
    await engines.engine.publish("k", publishing([entry(1), entry(2), entry(3, { previous: "B" })]));
    await engines.engine.publish("k", publishing([entry(9)]));
    await engines.engine.publish("k", publishing([entry(3)]));
    await vi.waitFor(() => expect(heard).toContainEqual({ kind: "entry", entry: entry(3) }));
    expect(heard).toEqual([HEAD, ...messagesOf(entry(1), entry(1), entry(1), entry(2), entry(3))]);
  });

  test("announce that a stream was installed or a lease released, but nothing that did not happen", async () => {
    const heard = await follow(engines.engine, "k");
    await engines.engine.install("k", installing(0));
    await engines.engine.install("k", installing(1));
    await engines.engine.release("k", "other");
    await engines.engine.publish("k", publishing([entry(1)], { owner: "other" }));
    await engines.engine.release("k", "writer");
    await engines.engine.acquire("k", "other", 5000);
    await engines.engine.publish("k", publishing([entry(1)], { owner: "other" }));
    await vi.waitFor(() => expect(heard).toContainEqual({ kind: "entry", entry: entry(1) }));
    expect(heard).toEqual([HEAD, HEAD, ...messagesOf(entry(1))]);
  });

  test("of one stream do not reach subscribers of another", async () => {
    const { engine } = engines;
    const [one, two] = [await follow(engine, "k"), await follow(engine, "{k}")];
    await engine.install("k", installing(0));
    await engine.install("{k}", installing(5));
    await engine.publish("{k}", publishing([entry(6)]));
    await vi.waitFor(() => expect(two).toHaveLength(2));
    expect(one).toEqual([HEAD]);
  });

  test("end with unsubscribe, and come again with subscribe, at once too", async () => {
    const { engine } = engines;
    const marks = await follow(engine, "mark");
    const first = await follow(engine, "k");
    await engine.unsubscribe("k");
    await engine.unsubscribe("none");
    await engine.install("k", installing(0));
    await engine.install("mark", installing(0));
    await vi.waitFor(() => expect(marks).toHaveLength(1));
    expect(first).toEqual([]);

    const second: Message[] = [];
    const turns = [
      engine.subscribe("k", () => expect.fail("replaced")),
      engine.unsubscribe("k"),
      engine.subscribe("k", () => expect.fail("replaced")),
      engine.unsubscribe("k"),
      engine.subscribe("k", (message) => second.push(message)),
    ];
    await Promise.all(turns);
    await engine.publish("k", publishing([entry(1)]));
    await vi.waitFor(() => expect(second).toEqual(messagesOf(entry(1))));

    const third: Message[] = [];
    await Promise.all([engine.unsubscribe("k"), engine.subscribe("k", (message) => third.push(message))]);
    await engine.publish("k", publishing([entry(2)]));
    await vi.waitFor(() => expect(third).toEqual(messagesOf(entry(2))));
    expect(second).toEqual(messagesOf(entry(1)));
    expect(first).toEqual([]);
  });

  test("and calls fail during an outage, down and up are emitted, and subscriptions survive", async () => {
    const { engine } = engines;
    const changes: string[] = [];
    engine.onChange((change) => changes.push(change));
    engine.onChange(() => expect.fail("a listener that has left"))();
    const heard = await follow(engine, "k");
    const gone = await follow(engine, "gone");
    await engine.install("k", installing(0));
    expect(engine.downSince).toBeUndefined();

    const end = await engines.outage();
    try {
      await vi.waitFor(() => expect(changes).toEqual(["down"]), { timeout: 5000 });
      expect(engine.downSince).toBeLessThanOrEqual(Date.now());
      await expect(engine.read("k", undefined)).rejects.toBeInstanceOf(Error);
      await expect(engine.heads(["k"])).rejects.toBeInstanceOf(Error);
      await expect(engine.subscribe("late", () => {})).rejects.toBeInstanceOf(Error);
      await engine.unsubscribe("gone").catch(() => {});
    } finally {
      await end();
    }
    await vi.waitFor(() => expect(changes.at(-1)).toBe("up"), { timeout: 5000 });
    expect(engine.downSince).toBeUndefined();

    const again = await follow(engine, "new");
    await engine.publish("k", publishing([entry(1)]));
    await engine.install("gone", installing(0));
    await engine.install("new", installing(0));
    await vi.waitFor(() => expect(heard).toEqual([HEAD, ...messagesOf(entry(1))]));
    await vi.waitFor(() => expect(again).toEqual([HEAD]));
    expect(gone).toEqual([]);
  });

  test("and calls end with close", async () => {
    const { engine } = engines;
    const other = engines.open();
    const heard = await follow(engine, "k");
    const theirs = await follow(other, "k");
    await engine.close();
    await expect(engine.read("k", undefined)).rejects.toBeInstanceOf(Error);
    await expect(engine.subscribe("k", () => {})).rejects.toBeInstanceOf(Error);
    await other.install("k", installing(0));
    await vi.waitFor(() => expect(theirs).toEqual([HEAD]));
    expect(heard).toEqual([]);
    await engine.close();
  });
});
