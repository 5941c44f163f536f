import { expect, test } from "vitest";
import { CommitBudget } from "../../src/cluster/commit-budget.ts";
import type { Commit } from "../../src/cluster/engine.ts";
import { Pending } from "../../src/cluster/pending.ts";

const MIB = 1024 * 1024;

function entry(last: number, bytes = 1): Commit {
  return { epoch: "epoch", previous: "epoch", first: last, last, body: "x".repeat(bytes) };
}

test("a batch holds no more than one call carries, but always one entry", () => {
  const pending = new Pending(new CommitBudget(Infinity));
  for (let last = 1; last <= 200; last++) pending.add(entry(last), 0);
  expect(pending.batch()).toHaveLength(128);
  const large = new Pending(new CommitBudget(Infinity));
  for (let last = 1; last <= 3; last++) large.add(entry(last, 2 * MIB), 0);
  expect(large.batch().map(({ last }) => last)).toStrictEqual([1]);
});

test("beyond the bound all are dropped and counted, until it is cleared", () => {
  const pending = new Pending(new CommitBudget(Infinity));
  for (let last = 1; last <= 9; last++) pending.add(entry(last, MIB), 0);
  pending.add(entry(10), 0);
  expect([pending.overflowed, pending.count, pending.entries.length]).toStrictEqual([true, 10, 0]);
  pending.clear();
  pending.add(entry(11), 0);
  expect([pending.overflowed, pending.count]).toStrictEqual([false, 1]);
});

test("one entry is never too much: its difference would be no smaller", () => {
  const pending = new Pending(new CommitBudget(Infinity));
  pending.add(entry(1, 9 * MIB), 0);
  expect([pending.overflowed, pending.count]).toStrictEqual([false, 1]);
});

test("what the engine has lost comes before what it never had", () => {
  const pending = new Pending(new CommitBudget(Infinity));
  for (const last of [3, 4]) pending.add(entry(last), 0);
  pending.prepend([entry(1), entry(2)], 0);
  expect(pending.batch().map(({ last }) => last)).toStrictEqual([1, 2, 3, 4]);
  pending.accept(2);
  expect(pending.entries.map(({ last }) => last)).toStrictEqual([3, 4]);
});

test("beyond the node's budget the stream that adds drops what it has, which leaves room for the others", () => {
  const budget = new CommitBudget(2 * MIB);
  const [one, other] = [new Pending(budget), new Pending(budget)];
  for (let last = 1; last <= 3; last++) one.add(entry(last, 0.9 * MIB), 0);
  expect([one.overflowed, one.count, budget.bytes]).toStrictEqual([true, 3, 0]);
  for (let last = 1; last <= 2; last++) other.add(entry(last, 0.9 * MIB), 0);
  expect([other.overflowed, other.count]).toStrictEqual([false, 2]);
  other.accept(2);
  expect(budget.bytes).toBe(0);
});
