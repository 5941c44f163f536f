import { expect, test } from "vitest";
import { forEachEngine } from "../support/engines.ts";
import { at, checkpoint, entry, installing, publishing } from "../support/entries.ts";

forEachEngine("lease", (engines) => {
  const head = at("A", 3);
  const held = { status: "held", remainingMs: expect.any(Number) };

  test("there is none of a stream of which nothing is kept", async () => {
    expect(await engines.engine.acquire("k", "writer", 5000)).toEqual({ status: "empty" });
  });

  test("comes with install, and is held against others", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 4000 }));
    const reply = await engines.open().acquire("k", "other", 5000);
    expect(reply).toEqual(held);
    const remainingMs = reply.status === "held" ? reply.remainingMs : NaN;
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(4000);
  });

  test("is renewed by its owner", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 1 }));
    expect(await engine.acquire("k", "writer", 5000)).toEqual({ status: "ok", head, broken: false });
    await engines.pass(5);
    expect(await engine.acquire("k", "other", 5000)).toEqual(held);
  });

  test("is renewed by publish", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 1 }));
    await engine.publish("k", publishing([entry(4)], { leaseMs: 5000 }));
    await engines.pass(5);
    expect(await engine.acquire("k", "other", 5000)).toEqual(held);
  });

  test("that has expired goes to the next who asks", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 20 }));
    await engines.pass(25);
    expect(await engine.acquire("k", "other", 5000)).toEqual({ status: "ok", head, broken: false });
    expect(await engine.acquire("k", "writer", 5000)).toEqual(held);
  });

  test("that ends later than it was taken for, as the clock was set back, begins anew and then ends", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 200 }));
    await engines.setBack("k", 3_600_000);
    const reply = await engine.acquire("k", "other", 5000);
    expect(reply).toEqual(held);
    expect(reply.status === "held" ? reply.remainingMs : NaN).toBeLessThanOrEqual(200);
    await engines.pass(210);
    expect(await engine.acquire("k", "other", 5000)).toEqual({ status: "ok", head, broken: false });
  });

  test("that was taken over fences who had it", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 1 }));
    await engines.pass(5);
    await engine.acquire("k", "other", 5000);
    expect(await engine.publish("k", publishing([entry(4)]))).toEqual({ status: "fenced", head });
    expect(await engine.heads(["k"])).toEqual([head]);
    const reply = await engine.publish("k", publishing([entry(4)], { owner: "other" }));
    expect(reply).toMatchObject({ status: "ok", head: at("A", 4) });
  });

  test("that has expired and was not taken over still lets its owner publish", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3, { leaseMs: 1 }));
    await engines.pass(5);
    expect(await engine.publish("k", publishing([entry(4)]))).toMatchObject({ status: "ok" });
  });

  test("that was given back is nobody's", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3));
    await engine.release("k", "writer");
    expect(await engine.publish("k", publishing([entry(4)]))).toEqual({ status: "fenced", head });
    expect(await engine.publish("k", publishing([entry(4)], { owner: "other" }))).toEqual({ status: "fenced", head });
    expect(await engine.acquire("k", "other", 5000)).toEqual({ status: "ok", head, broken: false });
  });

  test("is not given back by others", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3));
    await engine.release("k", "other");
    await engine.release("none", "other");
    expect(await engine.publish("k", publishing([entry(4)]))).toMatchObject({ status: "ok" });
  });
});

forEachEngine("install", (engines) => {
  const state = async () => engines.engine.read("k", undefined);

  test("puts a stream with its log in place", async () => {
    const { engine } = engines;
    const entries = [entry(2, { previous: "0" }), entry(3, { last: 5 })];
    expect(await engine.install("k", installing(5, { entries }))).toEqual({ status: "ok" });
    expect(await state()).toEqual({ status: "snapshot", head: at("A", 5), checkpoint: checkpoint(5), entries });
    expect(await engine.read("k", at("0", 1))).toMatchObject({ status: "tail", entries });
    expect(await engine.publish("k", publishing([entry(6)]))).toMatchObject({ status: "ok", broken: false });
  });

  test("leaves a stream that is there alone", async () => {
    const { engine } = engines;
    await engine.install("k", installing(5));
    const before = await state();
    expect(await engine.install("k", installing(7, { owner: "other" }))).toEqual({ status: "exists" });
    expect(await engine.install("k", installing(7))).toEqual({ status: "exists" });
    expect(await engine.install("k", installing(5, { owner: "other" }))).toEqual({ status: "exists" });
    expect(await state()).toEqual(before);
    expect(await engine.publish("k", publishing([entry(6)]))).toMatchObject({ status: "ok" });
  });

  test("repeated as it was is ok", async () => {
    const { engine } = engines;
    const request = installing(5, { entries: [entry(5)] });
    await engine.install("k", request);
    const before = await state();
    expect(await engine.install("k", request)).toEqual({ status: "ok" });
    expect(await state()).toEqual(before);
  });

  test("by force replaces all of it, for whom the lease is", async () => {
    const { engine } = engines;
    await engine.install("k", installing(5, { entries: [entry(4), entry(5)] }));
    const forced = installing(3, { force: true, checkpoint: checkpoint(3, "B"), entries: [entry(3, { epoch: "B" })] });
    expect(await engine.install("k", { ...forced, owner: "other" })).toEqual({ status: "fenced" });
    expect(await engine.heads(["k"])).toEqual([at("A", 5)]);
    expect(await engine.install("k", forced)).toEqual({ status: "ok" });
    const { checkpoint: there, entries } = forced;
    expect(await state()).toEqual({ status: "snapshot", head: at("B", 3), checkpoint: there, entries });
  });

  test("by force puts a stream in place where there is none", async () => {
    expect(await engines.engine.install("k", installing(5, { force: true }))).toEqual({ status: "ok" });
    expect(await engines.engine.heads(["k"])).toEqual([at("A", 5)]);
  });

  test("over the rest of an evicted stream leaves nothing of it", async () => {
    const { engine } = engines;
    await engine.install("k", installing(9, { entries: [entry(8), entry(9)] }));
    await engines.evict("k", "meta");
    expect(await engine.install("k", installing(2, { entries: [entry(2)] }))).toEqual({ status: "ok" });
    expect(await state()).toMatchObject({ head: at("A", 2), entries: [entry(2)] });
  });
});
