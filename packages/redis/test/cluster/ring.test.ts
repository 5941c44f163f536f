import { expect, test } from "vitest";
import type { Commit } from "../../src/cluster/engine.ts";
import { Ring } from "../../src/cluster/ring.ts";

function entry(last: number, body = "x"): Commit {
  return { epoch: "epoch", previous: "epoch", first: last, last, body };
}

function lasts(entries: readonly Commit[] | undefined): number[] | undefined {
  return entries?.map(({ last }) => last);
}

function ringOf(entries: readonly Commit[], now = 0): Ring {
  const ring = new Ring();
  ring.add(entries, now);
  return ring;
}

test("what follows a position is taken out, to be given again", () => {
  const ring = ringOf([entry(1), entry(2), entry(3)]);
  expect(lasts(ring.takeAfter({ epoch: "epoch", seq: 1 }))).toStrictEqual([2, 3]);
  expect(lasts(ring.window)).toStrictEqual([1]);
});

test("a position of another epoch is not one of theirs, nor one before the first", () => {
  const ring = ringOf([entry(5), entry(6)]);
  expect(ring.takeAfter({ epoch: "other", seq: 5 })).toBeUndefined();
  expect(ring.takeAfter({ epoch: "epoch", seq: 3 })).toBeUndefined();
  expect(lasts(ring.window)).toStrictEqual([5, 6]);
});

test("the window ends with what costs more than a snapshot, is too much, or too old", () => {
  const large = "x".repeat(40_000);
  expect(lasts(ringOf([entry(1, large), entry(2, large), entry(3, large)]).window)).toStrictEqual([2, 3]);
  const many = ringOf(Array.from({ length: 600 }, (_, index) => entry(index + 1)));
  expect(many.window).toHaveLength(500);
  expect(many.keepFrom).toBe(101);
  const old = ringOf([entry(1)]);
  old.add([entry(2)], 5 * 60_000 + 1);
  expect(lasts(old.window)).toStrictEqual([2]);
});

test("what is outside the window can still be given again, as far as that is bounded", () => {
  const body = "x".repeat(1024 * 1024);
  const ring = ringOf(Array.from({ length: 20 }, (_, index) => entry(index + 1, body)));
  expect(lasts(ring.window)).toStrictEqual([20]);
  expect(ring.takeAfter({ epoch: "epoch", seq: 1 })).toBeUndefined();
  expect(lasts(ring.takeAfter({ epoch: "epoch", seq: 17 }))).toStrictEqual([18, 19, 20]);
});
