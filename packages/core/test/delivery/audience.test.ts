import { beforeEach, describe, expect, test } from "vitest";
import { compareWith } from "../../src/diff/differ.ts";
import { fastJsonPatch } from "../../src/diff/fast-json-patch.ts";
import type { StateInitialEvent, StateUpdateEvent } from "../../src/protocol/events.ts";
import { updateBody } from "../../src/protocol/frame.ts";
import { Log } from "../../src/log/log.ts";
import { Audience } from "../../src/delivery/audience.ts";
import type { Chunk } from "../../src/delivery/chunk.ts";
import { Generations } from "../../src/delivery/generation.ts";
import { NetEvents } from "../../src/delivery/net-events.ts";
import { RangeCache } from "../../src/delivery/range-cache.ts";
import type { Terms } from "../../src/delivery/terms.ts";
import { LoggedState } from "../../src/state/logged-state.ts";
import { untouchable } from "../support/values.ts";

const KIB = 1024;

/** A stream reduced to what selections need of it. */
class Stream {
  readonly slices = new LoggedState(
    { snapshots: "shared", compare: compareWith(fastJsonPatch), serialize: undefined },
    (error) => {
      throw error;
    },
  );
  readonly stale = false;
  readonly heartbeatMs = 15_000;
  readonly log: Log;
  readonly generations: Generations;
  readonly ranges = new RangeCache();
  readonly netEvents = new NetEvents(this.slices);
  readonly audiences: Audience[] = [];
  clock = 0;

  constructor(maxLogEvents = Infinity) {
    this.log = new Log({ maxLogEvents, maxLogBytes: Infinity }, () => "testepoch00");
    this.generations = new Generations(this.log, this.slices);
  }

  /** What happens at each heartbeat. */
  beat(): void {
    this.ranges.clearAll();
    this.generations.dropUnused();
  }

  now(): number {
    return this.clock;
  }

  select(...names: string[]): Audience {
    return this.join({
      names: names.length === 0 ? undefined : names,
      append: undefined,
      rateHz: undefined,
      bookmarks: false,
    });
  }

  join(terms: Terms): Audience {
    const audience = new Audience(terms, this);
    this.audiences.push(audience);
    return audience;
  }

  /** One commit: a slice that is given `undefined` goes. */
  commit(values: Record<string, unknown>, hidden = false): void {
    const position = this.log.head;
    const changes = Object.entries(values).map(([slice, value]) => {
      const change = this.slices.plan(slice, value, { namedByCaller: true });
      if (change?.difference === undefined) throw new Error("nothing changed");
      this.slices.apply(change);
      return { ...change, hidden };
    });
    this.log.append(changes, this.clock);
    if (hidden) this.generations.drop();
    for (const audience of this.audiences) {
      for (const [index, { slice }] of changes.entries()) {
        if (audience.names === undefined || audience.names.has(slice)) audience.advance(position + index + 1, position); // prettier-ignore
      }
    }
  }

  flush(): void {
    for (const audience of this.audiences) audience.flushed(this.clock);
  }
}

const updates = (chunk: Chunk | undefined) => chunk?.events.map(({ data }) => JSON.parse(data) as StateUpdateEvent);
const seqs = (chunk: Chunk | undefined) => updates(chunk)?.map(({ seq }) => seq);
const initial = ({ chunk }: { chunk: Chunk }) => JSON.parse(chunk.events[0]?.data ?? "") as StateInitialEvent;

let stream: Stream;
beforeEach(() => {
  stream = new Stream();
});

describe("a range", () => {
  test("is the same object for all that are at its start", () => {
    const all = stream.select();
    stream.commit({ a: 1 });
    stream.commit({ b: 1 });
    expect(all.range(0, true)).toBe(all.range(0, true));
    expect(all.range(0, false)).toBe(all.range(0, true));
    expect(seqs(all.range(0, true))).toStrictEqual([1, 2]);
    expect(seqs(all.range(1, true))).toStrictEqual([2]);
  });

  test("is made anew when there is more", () => {
    const all = stream.select();
    stream.commit({ a: 1 });
    const first = all.range(0, true);
    stream.commit({ a: 2 });
    expect(seqs(first)).toStrictEqual([1]);
    expect(seqs(all.range(0, true))).toStrictEqual([1, 2]);
  });

  test("is shared by positions with nothing selected in between", () => {
    const ab = stream.select("a", "b");
    stream.commit({ a: 1 });
    stream.flush();
    stream.commit({ c: 1 });
    stream.commit({ c: 2 });
    stream.flush();
    stream.commit({ b: 1 });
    stream.commit({ a: 2 });
    expect(seqs(ab.range(1, true))).toStrictEqual([4, 5]);
    for (const position of [2, 3]) expect(ab.range(position, true)).toBe(ab.range(1, true));
    expect(seqs(ab.range(0, true))).toStrictEqual([1, 4, 5]);
    expect(seqs(ab.range(4, true))).toStrictEqual([5]);
  });

  test("is kept for only a few of the positions of slow clients", () => {
    const all = stream.select();
    for (let n = 1; n <= 8; n++) stream.commit({ a: n });
    const first = all.range(1, true);
    expect(all.range(1, true)).toBe(first);
    for (const position of [2, 3, 4, 5]) all.range(position, true);
    expect(all.range(1, true)).not.toBe(first);
    expect(seqs(all.range(1, true))).toStrictEqual(seqs(first));
  });

  test("carries the IDs of the selection", () => {
    const a = stream.select("a");
    stream.commit({ b: 1 });
    stream.commit({ a: 1 });
    expect(a.range(0, true)?.events.map(({ id }) => id)).toStrictEqual([`testepoch00.2${a.suffix}`]);
    expect(a.suffix).toMatch(/^\.[\w-]{8}$/);
    expect(stream.select().suffix).toBe("");
  });

  test("sets more on all but the last event of a commit within the selection", () => {
    stream.commit({ a: 1, b: 1, c: 1 });
    stream.commit({ c: 2, a: 2 });
    stream.commit({ b: 2 });
    const more = (...names: string[]) =>
      updates(stream.select(...names).range(0, true))?.map((event) => [event.slice, event.more]);
    expect(more()).toStrictEqual([["a", true], ["b", true], ["c", undefined], ["c", true], ["a", undefined], ["b", undefined]]); // prettier-ignore
    expect(more("a", "b")).toStrictEqual([["a", true], ["b", undefined], ["a", undefined], ["b", undefined]]); // prettier-ignore
    expect(more("a")).toStrictEqual([["a", undefined], ["a", undefined]]); // prettier-ignore
  });

  test("does not exist where the log does not hold it, whatever it may cost", () => {
    stream = new Stream(1);
    const [all, a, b] = [stream.select(), stream.select("a"), stream.select("b")];
    stream.commit({ a: 1 });
    stream.commit({ b: 1 });
    expect(all.range(0, true)).toBeUndefined();
    expect(a.range(0, true)).toBeUndefined();
    expect(seqs(b.range(0, true))).toStrictEqual([2]);
  });

  test("is dropped at a heartbeat", () => {
    const all = stream.select();
    stream.commit({ a: 1 });
    const range = all.range(0, true);
    stream.beat();
    expect(all.range(0, true)).not.toBe(range);
  });

  test("may cost 64 KiB and not a byte more, where that is more than a snapshot", () => {
    const all = stream.select();
    stream.commit({ a: "x".repeat(32 * KIB) });
    stream.commit({ a: "" });
    const rest = 64 * KIB - stream.log.cost(0, undefined) - updateBody("b", 3, 0, '"value":""', undefined).length;
    stream.commit({ b: "x".repeat(rest) });
    expect(stream.log.cost(0, undefined)).toBe(64 * KIB);
    expect(seqs(all.range(0, false))).toStrictEqual([1, 2, 3]);
    stream.commit({ a: 1 });
    expect(all.range(0, false)).toBeUndefined();
  });

  test("may cost 64 KiB or what a snapshot costs, unless its cost does not matter", () => {
    const all = stream.select();
    stream.commit({ a: "x".repeat(60 * KIB) });
    expect(seqs(all.range(0, false))).toStrictEqual([1]);
    stream.commit({ a: "y".repeat(60 * KIB) });
    expect(all.range(0, false)).toBeUndefined();
    expect(seqs(all.range(0, true))).toStrictEqual([1, 2]);
    expect(all.range(0, false)).toBeUndefined();
    stream.commit({ b: "z".repeat(200 * KIB) });
    // The range costs 320 KiB, and the state 260.
    expect(all.range(0, false)).toBeUndefined();
    expect(seqs(all.range(2, false))).toStrictEqual([3]);
  });
});

describe("a snapshot", () => {
  test("is the selected state the log has reached, with its position", () => {
    stream.commit({ a: 1, b: [2] });
    stream.clock = 7;
    const { chunk, position } = stream.select("b", "waits").snapshot("selection");
    expect(position).toBe(2);
    expect(chunk.events).toMatchObject([{ id: expect.stringMatching(/^testepoch00\.2\.[\w-]{8}$/) as string }]);
    expect(initial({ chunk })).toStrictEqual({
      type: "state.initial",
      slices: { b: [2] },
      reason: "selection",
      seq: 2,
      heartbeatMs: 15_000,
      timestamp: 7,
    });
  });

  test("is one object for each reason, and costs the state's text once", () => {
    stream.commit({ a: { n: 1 } });
    const all = stream.select();
    const first = all.snapshot("connect");
    stream.slices.textOf = untouchable() as never;
    expect(all.snapshot("connect").chunk).toBe(first.chunk);
    expect(initial(all.snapshot("slow"))).toStrictEqual({ ...initial(first), reason: "slow" });
    expect(all.snapshot("slow").chunk).toBe(all.snapshot("slow").chunk);
  });

  test("is used again while what was added since costs less than a quarter of it", () => {
    const all = stream.select();
    let rows: number[] = [];
    const add = () => stream.commit({ rows: (rows = [...rows, rows.length]) });
    stream.commit({ a: "x".repeat(4000) });
    add();
    const { chunk } = all.snapshot("connect");
    const bytes = 'event: state.initial\ndata: {"type":"state.initial","slices":'.length;
    const size = bytes + JSON.stringify({ a: "x".repeat(4000), rows }).length;
    let used = 0;
    for (let reused = true; reused; used++) {
      add();
      reused = all.snapshot("connect").chunk === chunk;
      expect(reused).toBe(stream.log.cost(2, undefined) * 4 < size);
    }
    expect(used).toBeGreaterThan(2);
    expect(all.snapshot("connect").position).toBe(stream.log.head);
    expect(initial(all.snapshot("connect")).slices).toStrictEqual({ a: "x".repeat(4000), rows });
  });

  test("is not used again after anything but an addition", () => {
    const changes: Record<string, unknown>[] = [
      { doc: { secret: "***" } },
      { doc: {} },
      { rows: [] },
      { rows: [2] },
      { text: "other" },
      { doc: undefined },
    ];
    for (const change of changes) {
      stream = new Stream();
      const all = stream.select();
      stream.commit({ big: "x".repeat(10 * KIB), doc: { secret: "sentinel" }, rows: [1], text: "one" });
      const { chunk } = all.snapshot("connect");
      stream.commit(change);
      expect(all.snapshot("connect").chunk).not.toBe(chunk);
      expect(all.snapshot("connect").position).toBe(stream.log.head);
    }
  });

  test("is used again after a new slice, and after changes of slices that are not selected", () => {
    const [all, rows] = [stream.select(), stream.select("rows")];
    stream.commit({ big: "x".repeat(10 * KIB), rows: [1] });
    const [ofAll, ofRows] = [all.snapshot("connect").chunk, rows.snapshot("connect").chunk];
    stream.commit({ more: 1 });
    expect(all.snapshot("connect").chunk).toBe(ofAll);
    stream.commit({ big: "y" });
    expect(rows.snapshot("connect").chunk).toBe(ofRows);
  });

  test("is not made older by what is not selected", () => {
    const a = stream.select("a");
    stream.commit({ a: 1 });
    const { chunk } = a.snapshot("connect");
    for (let n = 0; n < 10; n++) stream.commit({ b: "x".repeat(1000) + n });
    expect(a.snapshot("connect").chunk).toBe(chunk);
  });

  test("is not used again when the log does not hold what followed", () => {
    stream = new Stream(2);
    const all = stream.select();
    stream.commit({ a: "x".repeat(100 * KIB), n: 0 });
    const { position } = all.snapshot("connect");
    stream.commit({ b: 1 });
    stream.commit({ c: 2 });
    expect(all.snapshot("connect")).toMatchObject({ position });
    stream.commit({ d: 3 });
    expect(all.snapshot("connect")).toMatchObject({ position: 5 });
  });

  test("is forgotten, with the ranges, when a slice may no longer be seen", () => {
    const all = stream.select();
    stream.commit({ a: "x".repeat(1000), secret: 1 });
    const { chunk } = all.snapshot("connect");
    const range = all.range(0, true);
    stream.commit({ secret: undefined }, true);
    all.forget();
    expect(all.snapshot("connect").chunk).not.toBe(chunk);
    expect(initial(all.snapshot("connect")).slices).not.toHaveProperty("secret");
    expect(all.range(0, true)).not.toBe(range);
    expect(all.range(0, true)).toBeUndefined();
  });

  test("is dropped when no connection needed it between two heartbeats", () => {
    stream.commit({ a: 1 });
    const all = stream.select();
    const { chunk } = all.snapshot("connect");
    stream.beat();
    expect(all.snapshot("connect").chunk).toBe(chunk);
    stream.beat();
    stream.beat();
    expect(all.snapshot("connect").chunk).not.toBe(chunk);
  });
});

describe("a heartbeat", () => {
  test("is the same object for all at one position, and says where the selection is", () => {
    const a = stream.select("a");
    stream.commit({ a: 1 });
    stream.commit({ b: 1 });
    const chunk = a.heartbeat(2, 9);
    expect(a.heartbeat(2, 9)).toBe(chunk);
    expect(chunk.events).toStrictEqual([
      {
        id: `testepoch00.2${a.suffix}`,
        event: "heartbeat",
        data: '{"type":"heartbeat","seq":2,"head":1,"heartbeatMs":15000,"timestamp":9}',
      },
    ]);
  });

  test("is another object for another position, time or head", () => {
    const all = stream.select();
    stream.commit({ a: 1 });
    const chunk = all.heartbeat(1, 9);
    expect(all.heartbeat(0, 9)).not.toBe(chunk);
    expect(all.heartbeat(1, 10)).not.toBe(chunk);
    stream.commit({ a: 2 });
    expect(JSON.parse(all.heartbeat(1, 9).events[0]?.data ?? "")).toMatchObject({ seq: 1, head: 2 });
  });
});

test("head is the seq of the last event selected, also of those before the selection was made", () => {
  stream.commit({ a: 1, b: 1 });
  const [a, b, all] = [stream.select("a"), stream.select("b"), stream.select()];
  expect([a.head, b.head, all.head]).toStrictEqual([1, 2, 2]);
  stream.commit({ a: 2 });
  expect([a.head, b.head, all.head]).toStrictEqual([3, 2, 3]);
});
