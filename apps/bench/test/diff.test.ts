import { expect, test } from "vitest";
import { encoded, ours, peers, walkAndCheck } from "../src/diff/differs.ts";
import { agentRun, gameTicks } from "../src/diff/lives.ts";
import { Board } from "../src/servers/board.ts";

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
