import { expect, test } from "vitest";
import { FAULTS, plan, type PlannedFault } from "../src/schedule.ts";

test("the same seed makes the same faults at the same times", () => {
  expect(plan(7, 300)).toEqual(plan(7, 300));
  expect(plan(7, 300)).not.toEqual(plan(8, 300));
});

test("a longer run begins as the shorter one does", () => {
  const short = plan(7, 60);
  expect(plan(7, 300).slice(0, short.length)).toEqual(short);
});

test("every fault comes before any comes again", () => {
  const names = plan(3, 3600).map(({ fault }) => fault);
  expect(names.slice(0, FAULTS.length).toSorted()).toEqual([...FAULTS].toSorted());
});

test("the last fault is over when the time is", () => {
  for (let seed = 0; seed < 50; seed++) {
    const last = plan(seed, 60).at(-1);
    expect((last?.at ?? 0) + (last?.holdMs ?? 0)).toBeLessThanOrEqual(60_000);
  }
});

test("faults overlap that happen to different things, and never to everything", () => {
  const pairs = Array.from({ length: 20 }, (_, seed) => plan(seed, 600)).flatMap((planned) =>
    planned.flatMap((fault, n) => (fault.overlaps ? [[planned[n - 1], fault]] : [])),
  ) as [PlannedFault, PlannedFault][];
  expect(pairs.length).toBeGreaterThan(50);
  const kind = ({ fault }: PlannedFault) => /^(node|writer)-/.exec(fault)?.[1] ?? "redis";
  for (const [first, second] of pairs) {
    expect(second.at).toBeLessThanOrEqual(first.at + first.holdMs);
    expect(kind(first)).not.toBe(kind(second));
    for (const { fault } of [first, second])
      expect(["split-brain", "rolling-restart", "failover-writer-kill"]).not.toContain(fault);
  }
});

test("plans only the faults that are requested", () => {
  expect(new Set(plan(1, 120, ["wipe", "failover"]).map(({ fault }) => fault))).toEqual(new Set(["wipe", "failover"]));
});
