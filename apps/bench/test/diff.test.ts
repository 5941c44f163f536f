import type { Json } from "@statestream/core";
import { expect, test } from "vitest";
import { encoded, ours, peers, walkAndCheck } from "../src/diff/differs.ts";
import { inventions } from "../src/diff/inventions.ts";
import { agentRun, gameTicks } from "../src/diff/lives.ts";
import { Board } from "../src/servers/board.ts";
import { measure } from "../src/diff/way.ts";
import { take } from "../src/diff/workload.ts";

test("a differ whose patch is not the change is marked wrong", () => {
  expect(
    walkAndCheck(
      encoded(() => []),
      [{ a: 1 }, { a: 2 }],
    ).problem,
  ).toBe("wrong");
  expect(
    walkAndCheck(
      encoded(() => [{ op: "remove", path: "/b" }]),
      [{ a: 1 }, { a: 2 }],
    ).problem,
  ).toBe("wrong");
  const overflow = (): never => {
    throw new RangeError("Maximum call stack size exceeded");
  };
  expect(walkAndCheck(encoded(overflow), [{ a: 1 }, { a: 2 }]).problem).toBe("fails");
});

test("a differ that gives up sends the value, which is right", () => {
  expect(
    walkAndCheck(
      encoded(() => undefined),
      [{ a: 1 }, { a: 2 }],
    ),
  ).toMatchObject({ problem: undefined, bytes: 7 });
});

test("those that are measured are right of small changes", () => {
  for (const toBytes of [ours, ...peers.map(([, peer]) => peer)]) {
    expect(walkAndCheck(toBytes, [{ rows: [{ id: 1 }] }, { rows: [{ id: 1 }, { id: 2 }] }]).problem).toBeUndefined();
  }
});

test("the states are the same each time", () => {
  expect(agentRun(12)).toEqual(agentRun(12));
  expect(gameTicks(12)).toEqual(gameTicks(12));
});

test("a board's size is what it says, and its operations are its change", () => {
  const board = new Board(200);
  expect(JSON.stringify(board.state).length).toBeGreaterThan(180_000);
  expect(JSON.stringify(board.state).length).toBeLessThan(220_000);
  const before = board.state;
  const { operations, state } = board.next();
  expect(
    walkAndCheck(
      encoded(() => operations),
      [before, state],
    ).problem,
  ).toBeUndefined();
});

test("both ways from a change to bytes are measured and checked", async () => {
  const [first, next] = [{ a: { b: 1 } }, { a: { b: 2 } }];
  const workload = { name: "small", changes: 1, states: () => [first, next] };
  const figures = await measure(workload, "set + read", "kept", 0);
  expect(figures).toMatchObject({ bytes: 42, theirBytes: 48, theirsIsWrong: false });
  expect(figures.us).toBeGreaterThan(0);
  expect(figures.theirs).toBeGreaterThan(0);
});

test("a patch of theirs that is not the change is marked wrong", async () => {
  const states = () => [{ at: new Date(0) }, { at: new Date(1) }] as unknown as Json[];
  const workload = { name: "dates", changes: 1, states };
  expect((await measure(workload, "set + read", "kept", 0)).theirsIsWrong).toBe(true);
});

test("invented states are large, and so many that each change is another", () => {
  for (const invention of inventions) {
    const { name, changes } = invention;
    const made = take(invention.states(), changes + 1);
    expect([name, made.length]).toEqual([name, changes + 1]);
    expect({ name, isLarge: JSON.stringify(made[0]).length > 10_000 }).toEqual({ name, isLarge: true });
    expect({ name, isEqual: JSON.stringify(made[0]) === JSON.stringify(made[1]) }).toEqual({ name, isEqual: false });
  }
});
