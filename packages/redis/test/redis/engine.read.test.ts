import { expect, test } from "vitest";
import { forEachEngine } from "../support/engines.ts";
import { at, checkpoint, entry, installing, publishing } from "../support/entries.ts";

forEachEngine("read", (engines) => {
  // 1 · 2-4 · 5 of A, 6 of B, checkpoint at 5.
  const entries = [entry(1), entry(2, { last: 4 }), entry(5), entry(6, { epoch: "B", previous: "A" })];
  const head = at("B", 6);
  const prepare = async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing(entries.slice(0, 3), { checkpoint: checkpoint(5) }));
    await engine.publish("k", publishing(entries.slice(3)));
    return engine;
  };
  const snapshot = { status: "snapshot", head, checkpoint: checkpoint(5), entries };

  test("of a stream of which nothing is kept gives empty", async () => {
    expect(await engines.engine.read("k", undefined)).toEqual({ status: "empty" });
    expect(await engines.engine.read("k", at("A", 1))).toEqual({ status: "empty" });
  });

  test("without a position gives the checkpoint and the whole log", async () => {
    const engine = await prepare();
    expect(await engine.read("k", undefined)).toEqual(snapshot);
  });

  test("at the head gives an empty tail", async () => {
    const engine = await prepare();
    expect(await engine.read("k", head)).toEqual({ status: "tail", head, entries: [] });
  });

  test("from a position between two entries gives what follows", async () => {
    const engine = await prepare();
    for (const [seq, from] of [
      [0, 0],
      [1, 1],
      [4, 2],
      [5, 3],
    ] as const)
      expect(await engine.read("k", at("A", seq))).toEqual({ status: "tail", head, entries: entries.slice(from) });
  });

  test("from a position inside of an entry gives that entry and what follows", async () => {
    const engine = await prepare();
    for (const seq of [2, 3])
      expect(await engine.read("k", at("A", seq))).toEqual({ status: "tail", head, entries: entries.slice(1) });
  });

  test("from a position of another epoch gives a snapshot", async () => {
    const engine = await prepare();
    for (const have of [at("B", 0), at("B", 1), at("B", 3), at("B", 5), at("A", 6)])
      expect(await engine.read("k", have)).toEqual(snapshot);
  });

  test("from a position that was trimmed gives a snapshot", async () => {
    const engine = await prepare();
    await engine.publish("k", publishing([], { keepFrom: 5 }));
    expect(await engine.read("k", at("A", 1))).toEqual({ ...snapshot, entries: entries.slice(2) });
    expect(await engine.read("k", at("A", 3))).toEqual({ ...snapshot, entries: entries.slice(2) });
    expect(await engine.read("k", at("A", 4))).toEqual({ status: "tail", head, entries: entries.slice(2) });
  });

  test("from beyond the head says so", async () => {
    const engine = await prepare();
    expect(await engine.read("k", at("B", 7))).toEqual({ status: "ahead", head });
  });

  test("without a checkpoint is broken, but for those whom the log serves", async () => {
    const engine = await prepare();
    await engines.evict("k", "checkpoint");
    expect(await engine.read("k", undefined)).toEqual({ status: "broken", head });
    expect(await engine.read("k", at("B", 1))).toEqual({ status: "broken", head });
    expect(await engine.read("k", at("A", 5))).toEqual({ status: "tail", head, entries: entries.slice(3) });
    expect(await engine.read("k", head)).toEqual({ status: "tail", head, entries: [] });
  });

  test("without the log is broken, also when it has started anew", async () => {
    const engine = await prepare();
    await engines.evict("k", "log");
    expect(await engine.read("k", undefined)).toEqual({ status: "broken", head });
    expect(await engine.read("k", at("A", 1))).toEqual({ status: "broken", head });
    const next = entry(7, { epoch: "B" });
    expect(await engine.publish("k", publishing([next]))).toEqual({ status: "ok", head: at("B", 7), broken: true });
    expect(await engine.read("k", undefined)).toEqual({ status: "broken", head: at("B", 7) });
    expect(await engine.read("k", at("A", 1))).toEqual({ status: "broken", head: at("B", 7) });
    expect(await engine.read("k", head)).toEqual({ status: "tail", head: at("B", 7), entries: [next] });
  });

  test("without the log is whole when the checkpoint is the head", async () => {
    const { engine } = engines;
    await engine.install("k", installing(1, { entries: [entry(1)] }));
    await engines.evict("k", "log");
    const whole = { status: "snapshot", head: at("A", 1), checkpoint: checkpoint(1), entries: [] };
    expect(await engine.read("k", undefined)).toEqual(whole);
  });

  test("without meta is empty", async () => {
    const engine = await prepare();
    await engines.evict("k", "meta");
    expect(await engine.read("k", undefined)).toEqual({ status: "empty" });
    expect(await engine.publish("k", publishing([entry(7, { epoch: "B" })]))).toEqual({ status: "empty" });
    expect(await engine.heads(["k"])).toEqual([undefined]);
  });

  test("a checkpoint at the head heals what is broken", async () => {
    const engine = await prepare();
    await engines.evict("k", "log");
    await engines.evict("k", "checkpoint");
    expect(await engine.acquire("k", "writer", 5000)).toEqual({ status: "ok", head, broken: true });
    const reply = await engine.publish("k", publishing([], { checkpoint: checkpoint(6, "B") }));
    expect(reply).toEqual({ status: "ok", head, broken: false });
    expect(await engine.read("k", undefined)).toEqual({
      status: "snapshot",
      head,
      checkpoint: checkpoint(6, "B"),
      entries: [],
    });
  });

  test("heads gives one for each key, in order", async () => {
    const engine = await prepare();
    await engine.install("other", installing(2));
    expect(await engine.heads(["other", "none", "k", "other"])).toEqual([at("A", 2), undefined, head, at("A", 2)]);
    expect(await engine.heads([])).toEqual([]);
    const many = Array.from({ length: 1201 }, (_, index) => (index % 600 === 0 ? "k" : `${index}`));
    const heads = await engine.heads(many);
    expect(heads.flatMap((of, index) => (of ? [[index, of]] : []))).toEqual([
      [0, head],
      [600, head],
      [1200, head],
    ]);
    expect(heads).toHaveLength(1201);
  });
});
