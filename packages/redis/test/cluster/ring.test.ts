import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { CommitBudget } from "../../src/cluster/commit-budget.ts";
import type { Commit } from "../../src/cluster/engine.ts";
import { Ring } from "../../src/cluster/ring.ts";

const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function entry(last: number, body = "x"): Commit {
  return { epoch: "epoch", previous: "epoch", first: last, last, body };
}

function lasts(entries: readonly Commit[] | undefined): number[] | undefined {
  return entries?.map(({ last }) => last);
}

function ringOf(entries: readonly Commit[], budget = new CommitBudget(Infinity)): Ring {
  const ring = new Ring(budget);
  ring.add(entries, 0);
  return ring;
}

test("what follows a position is taken out, to be published again", () => {
  const ring = ringOf([entry(1), entry(2), entry(3)]);
  expect(lasts(ring.takeAfter({ epoch: "epoch", seq: 1 }))).toStrictEqual([2, 3]);
  expect(lasts(ring.from(0))).toStrictEqual([1]);
});

test("a position of another epoch is not one of theirs, nor one before the first", () => {
  const ring = ringOf([entry(5), entry(6)]);
  expect(ring.takeAfter({ epoch: "other", seq: 5 })).toBeUndefined();
  expect(ring.takeAfter({ epoch: "epoch", seq: 3 })).toBeUndefined();
  expect(lasts(ring.from(6))).toStrictEqual([6]);
});

test("one stream keeps at most 4 MiB", () => {
  const ring = ringOf(Array.from({ length: 20 }, (_, index) => entry(index + 1, "x".repeat(MIB))));
  expect(lasts(ring.from(0))).toStrictEqual([18, 19, 20]);
});

test("commits are kept for 30 s, those of a stream without new ones too", () => {
  const budget = new CommitBudget(Infinity);
  const [quiet, busy] = [ringOf([entry(1)], budget), ringOf([entry(1)], budget)];
  busy.add([entry(2)], 20_000);
  budget.expire(29_999);
  expect([lasts(quiet.from(0)), lasts(busy.from(0))]).toStrictEqual([[1], [1, 2]]);
  budget.expire(30_000);
  expect([lasts(quiet.from(0)), lasts(busy.from(0))]).toStrictEqual([[], [2]]);
});

test("beyond the node's budget the oldest commits of all streams are dropped first", () => {
  const budget = new CommitBudget(3.5 * MIB);
  const large = "x".repeat(MIB);
  const [one, other] = [ringOf([entry(1, large), entry(2, large)], budget), ringOf([entry(1, large)], budget)];
  one.add([entry(3, large)], 1);
  expect([lasts(one.from(0)), lasts(other.from(0))]).toStrictEqual([[2, 3], [1]]);
  one.clear();
  other.clear();
  expect(budget.bytes).toBe(0);
});

test("what a stream has dropped is not in memory any more, though an older commit of another stream is still kept", async () => {
  const budget = new CommitBudget(Infinity);
  const quiet = ringOf([entry(1)], budget);
  const ring = ringOf([], budget);
  const refs = Array.from({ length: 20 }, (_, index) => {
    const commit = entry(index + 1, "x".repeat(MIB));
    ring.add([commit], 0);
    return new WeakRef(commit);
  });
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(refs.map((ref) => ref.deref()?.last).filter((last) => last !== undefined)).toStrictEqual(lasts(ring.from(0)));
  expect(lasts(quiet.from(0))).toStrictEqual([1]);
});

test("what a stream has dropped itself is not dropped once more when it is too old", () => {
  const budget = new CommitBudget(Infinity);
  const ring = ringOf([entry(1), entry(2), entry(3)], budget);
  ring.takeAfter({ epoch: "epoch", seq: 1 });
  ring.add([entry(2)], 1);
  budget.expire(30_000);
  expect(lasts(ring.from(0))).toStrictEqual([2]);
  budget.expire(30_001);
  expect([lasts(ring.from(0)), budget.bytes]).toStrictEqual([[], 0]);
});
