import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { type Difference, REMOVED, valueDifference } from "../../src/diff/differ.ts";
import { concatenate, decodeFrames, encode, updateTail } from "../../src/protocol/frame.ts";
import type { StateEvent } from "../../src/protocol/events.ts";
import type { Entry } from "../../src/log/entry.ts";
import { Log } from "../../src/log/log.ts";
import type { SliceChange } from "../../src/log/slice-change.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const draft = (slice: string, difference: Difference = valueDifference(0), hidden = false): SliceChange => ({
  slice,
  next: undefined,
  difference,
  hidden,
  cause: undefined,
});
const removed = (slice: string): SliceChange => draft(slice, REMOVED);
const hidden = (slice: string): SliceChange => draft(slice, REMOVED, true);

/** A log with one commit for each list of drafts; a string is a change of that slice. */
function logOf(
  commits: readonly (string | readonly SliceChange[])[],
  limits: { events?: number; bytes?: number } = {},
): Log {
  const limit = { maxLogEvents: limits.events ?? Infinity, maxLogBytes: limits.bytes ?? Infinity };
  const log = new Log(limit, () => "testepoch00");
  for (const [index, commit] of commits.entries()) {
    log.append(typeof commit === "string" ? [draft(commit)] : commit, index);
  }
  return log;
}

const names = (...of: string[]): ReadonlySet<string> => new Set(of);
const seqs = (entries: readonly Entry[]): number[] => entries.map(({ seq }) => seq);
const eventsOf = (entries: readonly Entry[]) =>
  decodeFrames(concatenate(entries.flatMap(({ body }) => [body, encode(updateTail(false, 0, ""))]))).map(
    ({ data }) => JSON.parse(data) as StateEvent,
  );
/** From where on the log holds everything, for these slices. */
const reach = (log: Log, of?: ReadonlySet<string>): number[] =>
  Array.from({ length: log.head + 1 }, (_, position) => position).filter((position) => log.holds(position, of));

const size = logOf(["a"]).bytes;

describe("numbering", () => {
  const log = logOf(["a", [draft("b"), draft("a")], [removed("a")], "a", "constructor"]);
  const entries = log.after(0, undefined);

  test("gives every event a seq of its own, from 1", () => {
    expect(new Log({ maxLogEvents: 1, maxLogBytes: 1 }, () => "testepoch00").head).toBe(0);
    expect(seqs(entries)).toStrictEqual([1, 2, 3, 4, 5, 6]);
    expect([log.head, log.events]).toStrictEqual([6, 6]);
  });

  test("gives an event the seq of its slice's previous one as base, removals too, and 0 where there was none", () => {
    expect(eventsOf(entries)).toMatchObject([
      { slice: "a", seq: 1, base: 0 },
      { slice: "b", seq: 2, base: 0 },
      { slice: "a", seq: 3, base: 1 },
      { slice: "a", seq: 4, base: 3, removed: true },
      { slice: "a", seq: 5, base: 4 },
      { slice: "constructor", seq: 6, base: 0 },
    ]);
  });

  test("keeps for each event its commit and the time of that", () => {
    expect(entries.map(({ commit, timestamp }) => [commit, timestamp])).toStrictEqual([
      [1, 0],
      [2, 1],
      [2, 1],
      [4, 2],
      [5, 3],
      [6, 4],
    ]);
  });
});

describe("bounds", () => {
  test("of events drop the oldest", () => {
    const log = logOf(["a", "b", "c", "d"], { events: 2 });
    expect(seqs(log.after(0, undefined))).toStrictEqual([3, 4]);
    expect([log.events, log.bytes, log.head]).toStrictEqual([2, 2 * size, 4]);
  });

  test.each([
    [2 * size, [3, 4]],
    [2 * size - 1, [4]],
    [size, [4]],
    [0, [4]],
  ])("of %i bytes leave the events %j", (bytes, left) => {
    const log = logOf(["a", "b", "c", "d"], { bytes });
    expect(seqs(log.after(0, undefined))).toStrictEqual(left);
    expect(log.bytes).toBe(left.length * size);
  });

  test("leave the newest commit whole, whatever its size", () => {
    for (const limits of [{ events: 0 }, { events: 1 }, { bytes: 0 }]) {
      const log = logOf(["a", [draft("a"), draft("b"), draft("c")]], limits);
      expect(seqs(log.after(0, undefined))).toStrictEqual([2, 3, 4]);
    }
  });

  test("hold for the newest commit too once it has been sent", () => {
    const log = logOf([[draft("a"), draft("b"), draft("c")]], { events: 1 });
    log.trim(Infinity);
    expect(seqs(log.after(0, undefined))).toStrictEqual([3]);
    const none = logOf(["a"], { events: 0 });
    none.trim(Infinity);
    expect([none.events, none.bytes, none.after(0, undefined), none.cost(0, undefined)]).toStrictEqual([0, 0, [], 0]);
    expect(reach(none)).toStrictEqual([1]);
    none.append([draft("a")], 0);
    expect(seqs(none.after(1, undefined))).toStrictEqual([2]);
  });

  test("hold over many events, and find each of those left", () => {
    const log = logOf([], { events: 10 });
    for (let seq = 1; seq <= 1000; seq++) {
      log.append([draft(`s${seq % 3}`)], seq);
      expect(log.events).toBe(Math.min(seq, 10));
      expect(seqs(log.after(seq - 3, undefined))).toStrictEqual([seq - 2, seq - 1, seq].filter((one) => one > 0));
    }
    expect(reach(log)[0]).toBe(990);
  });

  test("release the memory of dropped events", async () => {
    const log = logOf([], { events: 1 });
    const bodies: WeakRef<Uint8Array>[] = [];
    for (let seq = 1; seq <= 40; seq++) {
      log.append([draft("a")], 0);
      bodies.push(new WeakRef((log.after(seq - 1, undefined)[0] as Entry).body));
    }
    // A WeakRef holds on to its target for the turn it was made in.
    await new Promise(setImmediate);
    collectGarbage();
    expect(bodies.filter((body) => body.deref() !== undefined)).toHaveLength(1);
  });
});

describe("what lies after a position", () => {
  const log = logOf(["a", "b", "a", "c", "b", "a"], { events: 4 });

  test.each<[number, string[] | undefined, number[]]>([
    [0, undefined, [3, 4, 5, 6]],
    [4, undefined, [5, 6]],
    [6, undefined, []],
    [99, undefined, []],
    [2, ["a"], [3, 6]],
    [3, ["a"], [6]],
    [0, ["c", "b"], [4, 5]],
    [0, [], []],
    [0, ["constructor"], []],
  ])("%i of %j is %j, and costs as much", (position, of, expected) => {
    const selected = of && names(...of);
    expect(seqs(log.after(position, selected))).toStrictEqual(expected);
    expect(log.cost(position, selected)).toBe(expected.length * size);
  });

  test.each<[string[] | undefined, number[]]>([
    [undefined, [2, 3, 4, 5, 6]],
    [["a"], [1, 2, 3, 4, 5, 6]],
    [["b"], [2, 3, 4, 5, 6]],
    [["c"], [0, 1, 2, 3, 4, 5, 6]],
    [
      ["a", "c"],
      [1, 2, 3, 4, 5, 6],
    ],
    [[], [0, 1, 2, 3, 4, 5, 6]],
    [["never"], [0, 1, 2, 3, 4, 5, 6]],
  ])("of %j is held from %j", (of, positions) => {
    expect(reach(log, of && names(...of))).toStrictEqual(positions);
  });

  test.each<[string[] | undefined, number]>([
    [undefined, 6],
    [["a"], 6],
    [["b"], 5],
    [["c", "b"], 5],
    [["c"], 4],
    [[], 0],
    [["never"], 0],
  ])("of %j ends at %i", (of, last) => {
    expect(log.last(of && names(...of))).toBe(last);
  });

  test("of a slice ends at its removal", () => {
    const gone = logOf(["a", "b", [removed("a")]]);
    expect([gone.last(names("a")), gone.last(names("b"))]).toStrictEqual([3, 2]);
  });
});

describe("a slice that may no longer be seen", () => {
  const log = logOf(["secret", "b", "secret", [hidden("secret")], "b"]);

  test("is not replayed from before it was hidden, for those who select it", () => {
    expect(reach(log, names("secret"))).toStrictEqual([3, 4, 5]);
    expect(reach(log)).toStrictEqual([3, 4, 5]);
    expect(reach(log, names("b"))).toStrictEqual([0, 1, 2, 3, 4, 5]);
    expect(seqs(log.after(3, names("secret")))).toStrictEqual([4]);
  });

  test("is not replayed across its absence when it is back", () => {
    log.append([draft("secret")], 0);
    expect(reach(log, names("secret"))).toStrictEqual([3, 4, 5, 6]);
  });

  test("has no event when it is hidden before it was sent", () => {
    expect(reach(logOf([[hidden("secret")]]))).toStrictEqual([0, 1]);
  });
});

describe("removed slices", () => {
  test("are known for as many as the log has events, and then taken for changed", () => {
    const log = logOf(["a", "keep", [removed("a")]], { events: 2 });
    const others = ["b", "c", "d"].flatMap((slice) => [[draft(slice)], [removed(slice)]]);
    expect(log.last(names("a"))).toBe(3);
    for (const commit of others) log.append(commit, 0);
    // A client of a gets a snapshot, and so does one of a slice that never existed: the log cannot distinguish them.
    expect(log.last(names("a"))).toBeGreaterThanOrEqual(3);
    expect(log.holds(2, names("a"))).toBe(false);
    expect(log.holds(log.head, names("a"))).toBe(true);
    expect(log.last(names("keep"))).toBe(2);
  });

  test("are known within their own commit, however many are removed at once", () => {
    for (const events of [0, 1, 2]) {
      const log = logOf(["a", "b", "c"], { events });
      log.append(["a", "b", "c"].map(removed), 0);
      for (const [index, slice] of ["a", "b", "c"].entries()) {
        expect(log.last(names(slice))).toBeGreaterThanOrEqual(4 + index);
        expect(log.holds(3, names(slice)) ? seqs(log.after(3, names(slice))) : [4 + index]).toStrictEqual([4 + index]);
      }
    }
  });

  test("cost bounded memory", () => {
    const log = logOf([], { events: 100 });
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 100_000; round++) {
      const slice = `session ${round}`;
      log.append([draft(slice)], 0);
      log.append([removed(slice)], 0);
    }
    collectGarbage();

    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
    expect(log.events).toBe(100);
  }, 60_000);

  test("that come back when they are forgotten have no base", () => {
    const log = logOf(["a", [removed("a")]], { events: 0 });
    log.append([draft("a")], 0);
    expect(eventsOf(log.after(2, names("a")))).toMatchObject([{ slice: "a", seq: 3, base: 0, value: 0 }]);
    expect(log.last(names("a"))).toBe(3);
  });
});
