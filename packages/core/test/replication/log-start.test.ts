import { describe, expect, test } from "vitest";
import type { EncodedEvent } from "../../src/log/entry.ts";
import { Log } from "../../src/log/log.ts";
import {
  beginEpoch,
  type EncodedCommit,
  followCommit,
  type LogStart,
  logStartOf,
  restartLog,
} from "../../src/replication/log-start.ts";
import { epoch } from "../support/copies.ts";

const body = new Uint8Array(10);
const start: LogStart = { seq: 10, lineage: [[0, epoch("a")]], lasts: [["s", 10]], removed: [], forgotten: 0 }; // prettier-ignore

function appended(slice: string, base: number, kind: EncodedEvent["kind"] = "value", hidden = false): EncodedEvent {
  return { slice, kind, hidden, base, body };
}

function commit(first: number, ...events: EncodedEvent[]): EncodedCommit {
  return { epoch: epoch("a"), previous: epoch("a"), first, timestamp: first, events };
}

function logAt(
  from: Partial<LogStart> = {},
  past: readonly EncodedCommit[] = [],
  maxLogEvents = 1000,
  maxLogBytes = 1e6,
) {
  const log = new Log({ maxLogEvents, maxLogBytes }, () => epoch("never"));
  restartLog(log, { ...start, ...from }, past);
  return log;
}

const held = (log: Log, ...slices: string[]): number[] =>
  Array.from({ length: log.head + 1 }, (_, seq) => seq).filter((seq) => log.holds(seq, new Set(slices)));

describe("a log that begins at the position of another", () => {
  test("has its head, and holds no event from before", () => {
    const log = logAt();
    expect([log.head, log.events, log.last(undefined), log.epochAt(10)]).toStrictEqual([10, 0, 10, epoch("a")]);
    expect(log.holds(10, undefined)).toBe(true);
    expect(log.holds(9, undefined)).toBe(false);
  });

  test("knows of each slice when it last changed, though it holds nothing of it", () => {
    const log = logAt({ lasts: [["s", 10], ["t", 4]], forgotten: 2 }); // prettier-ignore
    expect(held(log, "t")).toStrictEqual([4, 5, 6, 7, 8, 9, 10]);
    expect([log.last(new Set(["t"])), log.last(new Set(["unknown"]))]).toStrictEqual([4, 2]);
  });

  test("holds the past that it is given, slice by slice", () => {
    const past = [commit(8, appended("t", 4), appended("s", 0)), commit(10, appended("s", 9))];
    const log = logAt({ lasts: [["s", 10], ["t", 8], ["u", 6]] }, past); // prettier-ignore
    expect([log.head, log.events, log.bytes]).toStrictEqual([10, 3, 30]);
    expect(held(log, "t")).toStrictEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(held(log, "u", "t")).toStrictEqual([6, 7, 8, 9, 10]);
    expect(log.after(8, undefined).map(({ seq, commit: of }) => [seq, of])).toStrictEqual([[9, 8], [10, 10]]); // prettier-ignore
  });

  test("does not replay what its past hid", () => {
    const log = logAt({ lasts: [["s", 10]] }, [
      commit(8, appended("s", 5)),
      commit(9, appended("s", 8, "removed", true)),
      commit(10, appended("s", 9)),
    ]);
    expect(held(log, "s")).toStrictEqual([8, 9, 10]);
    expect(log.holds(7, undefined)).toBe(false);
  });

  test("keeps no more of the past than it may", () => {
    const past = [commit(8, appended("s", 0)), commit(9, appended("s", 8)), commit(10, appended("t", 0))];
    const few = logAt({ lasts: [["s", 9], ["t", 10]] }, past, 2); // prettier-ignore
    expect([few.events, held(few, "s"), held(few, "t").length]).toStrictEqual([2, [8, 9, 10], 11]);
    expect(few.holds(7, undefined)).toBe(false);
    expect(logAt({}, past, 1000, 15).events).toBe(1);
    expect(logAt({}, past, 0).events).toBe(0);
  });

  test("forgets removed slices in the order in which they went", () => {
    const past = [commit(10, appended("late", 3, "removed"))];
    const log = logAt({ lasts: [["early", 2], ["late", 10]], removed: ["early", "late"] }, past, 2); // prettier-ignore
    expect(logStartOf(log).removed).toStrictEqual(["early", "late"]);
    followCommit(log, commit(11, appended("x", 0), appended("x", 11, "removed")));
    expect(logStartOf(log)).toMatchObject({ removed: ["late", "x"], forgotten: 2 });
  });

  test("gives the start from which another can begin", () => {
    const log = logAt({ lasts: [["s", 10], ["t", 4]], removed: ["t"], forgotten: 3 }); // prettier-ignore
    expect(logStartOf(log)).toStrictEqual({ ...start, lasts: [["s", 10], ["t", 4]], removed: ["t"], forgotten: 3 }); // prettier-ignore
    beginEpoch(log, epoch("b"));
    expect(logStartOf(log).lineage).toStrictEqual(start.lineage);
    followCommit(log, { ...commit(11, appended("s", 10)), epoch: epoch("b") });
    expect(logStartOf(log)).toMatchObject({ seq: 11, lineage: [[0, epoch("a")], [11, epoch("b")]] }); // prettier-ignore
  });
});

describe("lineage", () => {
  test("knows the epoch of each position", () => {
    const log = logAt({ lineage: [[2, epoch("a")], [6, epoch("b")]] }); // prettier-ignore
    expect([1, 2, 5, 6, 10].map((seq) => log.epochAt(seq))).toStrictEqual([
      "",
      epoch("a"),
      epoch("a"),
      epoch("b"),
      epoch("b"),
    ]);
    expect(log.includes(epoch("a"), 5)).toBe(true);
    expect(log.includes(epoch("a"), 6)).toBe(false);
    expect(log.includes(epoch("b"), 5)).toBe(false);
    expect(log.includes(epoch("b"), 11)).toBe(false);
  });

  /** A log that followed commits up to `last`, each of an epoch of its own. */
  function alternating(last: number, maxLogEvents: number): Log {
    const log = logAt({ lasts: [] }, [], maxLogEvents);
    for (let seq = 11; seq <= last; seq++)
      followCommit(log, { ...commit(seq, appended("s", seq > 11 ? seq - 1 : 0)), epoch: epoch(seq) });
    return log;
  }

  test("is as long as the log: every position whose events are held has an epoch", () => {
    const log = alternating(510, 200);
    expect(log.events).toBe(200);
    expect([log.epochAt(309), log.epochAt(310), log.epochAt(510)]).toStrictEqual(["", epoch(310), epoch(510)]);
    expect([log.holds(309, undefined), log.holds(310, undefined)]).toStrictEqual([false, true]);
  });

  test("has 32 epochs at least; a position before them is not held, whatever is", () => {
    const log = alternating(42, 1);
    expect(log.events).toBe(1);
    expect([log.epochAt(10), log.epochAt(11)]).toStrictEqual(["", epoch(11)]);
    expect(log.includes(epoch("a"), 10)).toBe(false);
    expect(log.holds(10, new Set(["other"]))).toBe(false);
    expect(log.holds(11, new Set(["other"]))).toBe(true);
  });

  test("is learned from the commits before the start where the start has forgotten it", () => {
    const past = Array.from({ length: 100 }, (_, index) => ({
      ...commit(11 + index, appended("s", 10 + index)),
      epoch: epoch(11 + index),
      previous: index === 0 ? epoch("a") : epoch(10 + index),
    }));
    const { lineage } = logStartOf(alternating(110, 1000));
    expect(lineage).toHaveLength(32);
    const log = logAt({ seq: 110, lineage, lasts: [["s", 110]] }, past);
    expect([9, 10, 11, 60, 110].map((seq) => log.epochAt(seq))).toStrictEqual([
      "",
      epoch("a"),
      epoch(11),
      epoch(60),
      epoch(110),
    ]);
    expect(log.holds(10, undefined)).toBe(true);
  });

  test("draws an epoch when it is first needed, and never where it is known", () => {
    const drawn: string[] = [];
    const draw = (): string => (drawn.push("draw"), epoch("c"));
    const log = new Log({ maxLogEvents: 1, maxLogBytes: 1 }, draw);
    restartLog(log, start, []);
    followCommit(log, { ...commit(11, appended("s", 10)), epoch: epoch("b") });
    expect(drawn).toHaveLength(0);
    expect(new Log({ maxLogEvents: 1, maxLogBytes: 1 }, draw).epochAt(0)).toBe(epoch("c"));
  });
});
