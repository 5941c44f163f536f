import { expect, test } from "vitest";
import { forEachEngine } from "../support/engines.ts";
import { at, checkpoint, entry, installing, publishing } from "../support/entries.ts";

forEachEngine("publish", (engines) => {
  const entriesOf = async (key = "k") => {
    const reply = await engines.engine.read(key, undefined);
    return reply.status === "snapshot" ? reply.entries : reply.status;
  };

  test("appends entries of one event and of many, and moves the head", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3));
    const entries = [entry(4), entry(5, { last: 8 }), entry(9, { epoch: "B", previous: "A" })];
    expect(await engine.publish("k", publishing(entries))).toEqual({ status: "ok", head: at("B", 9), broken: false });
    expect(await entriesOf()).toEqual(entries);
    expect(await engine.heads(["k"])).toEqual([at("B", 9)]);
  });

  test("on a stream of which nothing is kept gives empty, and keeps nothing", async () => {
    const { engine } = engines;
    expect(await engine.publish("k", publishing([entry(1)]))).toEqual({ status: "empty" });
    expect(await engine.read("k", undefined)).toEqual({ status: "empty" });
  });

  test("repeated as it was gives the same reply and appends nothing", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    const request = publishing([entry(1), entry(2, { last: 4 })]);
    const reply = await engine.publish("k", request);
    expect(await engine.publish("k", request)).toEqual(reply);
    expect(await entriesOf()).toEqual(request.entries);
  });

  test("repeated with more entries appends those only", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1), entry(2)]));
    const reply = await engine.publish("k", publishing([entry(1), entry(2), entry(3)]));
    expect(reply).toEqual({ status: "ok", head: at("A", 3), broken: false });
    expect(await entriesOf()).toEqual([entry(1), entry(2), entry(3)]);
  });

  test("of entries before the head that are in the log changes nothing", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1), entry(2), entry(3)]));
    expect(await engine.publish("k", publishing([entry(2)]))).toEqual({
      status: "ok",
      head: at("A", 3),
      broken: false,
    });
  });

  test("repeated after its own entries were trimmed is still ok", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    const request = publishing([entry(1), entry(2), entry(3)], { checkpoint: checkpoint(3), keepFrom: 4 });
    const reply = await engine.publish("k", request);
    expect(await entriesOf()).toEqual([]);
    expect(await engine.publish("k", request)).toEqual(reply);
  });

  test("of an entry that is an installed position is ok", async () => {
    const { engine } = engines;
    await engine.install("k", installing(3));
    expect(await engine.publish("k", publishing([entry(3)]))).toEqual({
      status: "ok",
      head: at("A", 3),
      broken: false,
    });
  });

  test("of other content at a seq that is there is a conflict", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1), entry(2)]));
    const conflict = { status: "conflict", head: at("A", 2) };
    expect(await engine.publish("k", publishing([entry(2, { epoch: "B", previous: "A" })]))).toEqual(conflict);
    expect(await engine.publish("k", publishing([entry(1, { epoch: "B" })]))).toEqual(conflict);
    expect(await engine.publish("k", publishing([entry(2, { last: 3 })]))).toEqual(conflict);
    expect(await entriesOf()).toEqual([entry(1), entry(2)]);
  });

  test("after another epoch than the head's is a conflict", async () => {
    const { engine } = engines;
    await engine.install("k", installing(2));
    const reply = await engine.publish("k", publishing([entry(3, { previous: "B" })]));
    expect(reply).toEqual({ status: "conflict", head: at("A", 2) });
  });

  test("beyond the head is behind", async () => {
    const { engine } = engines;
    await engine.install("k", installing(2));
    expect(await engine.publish("k", publishing([entry(4)]))).toEqual({ status: "behind", head: at("A", 2) });
    expect(await entriesOf()).toEqual([]);
  });

  test("keeps the entries before the one that does not fit", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    const conflict = await engine.publish("k", publishing([entry(1), entry(2, { previous: "B" })]));
    expect(conflict).toEqual({ status: "conflict", head: at("A", 1) });
    const behind = await engine.publish("k", publishing([entry(2), entry(4)]));
    expect(behind).toEqual({ status: "behind", head: at("A", 2) });
    expect(await entriesOf()).toEqual([entry(1), entry(2)]);
  });

  test("of no entries replaces the checkpoint at the head", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1)]));
    const reply = await engine.publish("k", publishing([], { checkpoint: checkpoint(1) }));
    expect(reply).toEqual({ status: "ok", head: at("A", 1), broken: false });
    expect(await engine.read("k", undefined)).toMatchObject({ checkpoint: checkpoint(1) });
  });

  test("ignores a checkpoint that is not at the head", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1), entry(2)], { checkpoint: checkpoint(1) }));
    await engine.publish("k", publishing([entry(3)], { checkpoint: checkpoint(3, "B") }));
    expect(await engine.read("k", undefined)).toMatchObject({ checkpoint: checkpoint(0) });
  });

  test("trims what is below keepFrom", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    const entries = [entry(1), entry(2, { last: 4 }), entry(5)];
    await engine.publish("k", publishing(entries, { checkpoint: checkpoint(5), keepFrom: 4 }));
    expect(await entriesOf()).toEqual(entries.slice(1));
    await engine.publish("k", publishing([entry(6)], { keepFrom: 5 }));
    expect(await entriesOf()).toEqual([entry(5), entry(6)]);
  });

  test("never trims what comes after the checkpoint", async () => {
    const { engine } = engines;
    await engine.install("k", installing(0));
    await engine.publish("k", publishing([entry(1)], { checkpoint: checkpoint(1) }));
    await engine.publish("k", publishing([entry(2), entry(3)], { keepFrom: 100 }));
    expect(await entriesOf()).toEqual([entry(2), entry(3)]);
  });

  test("counts beyond 1e14", async () => {
    const { engine } = engines;
    const seq = Number.MAX_SAFE_INTEGER - 5;
    await engine.install("k", installing(seq));
    const entries = [entry(seq + 1, { last: seq + 3 }), entry(seq + 4)];
    const reply = await engine.publish("k", publishing(entries, { keepFrom: seq }));
    expect(reply).toEqual({ status: "ok", head: at("A", seq + 4), broken: false });
    expect(await engine.read("k", at("A", seq))).toMatchObject({ status: "tail", entries });
    expect(await engine.read("k", at("A", seq + 2))).toMatchObject({ status: "tail", entries });
  });

  test("carries any text and a megabyte of it, under any key", async () => {
    const { engine } = engines;
    for (const key of ["", " a b\n\r\n", "{x}:{y}", "💥 %7B ü \u0000", "half \ud83d", "k".repeat(1000)]) {
      await engine.install(key, installing(0));
      const bodies = ["", " ", "a b  c\n\r\nd", "\u0000\u2028💥ü", "é".repeat(500_000)];
      const entries = bodies.map((body, index) => entry(index + 1, { body }));
      const last = { position: at("A", 5), body: "\n💥 checkpoint" };
      expect(await engine.publish(key, publishing(entries, { checkpoint: last }))).toMatchObject({ status: "ok" });
      expect(await engine.read(key, undefined)).toMatchObject({ checkpoint: last, entries });
    }
    expect(await engine.heads(["", "{x}:{y}", "{x}"])).toEqual([at("A", 5), at("A", 5), undefined]);
  });
});
