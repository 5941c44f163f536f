import { expect, test } from "vitest";
import { Turn } from "../../src/state/turn.ts";

test("runs a task at once", () => {
  const seen: number[] = [];
  new Turn().run(() => seen.push(1));
  expect(seen).toStrictEqual([1]);
});

test("runs tasks started by a task after it, in the order in which they were started", () => {
  const turn = new Turn();
  const seen: string[] = [];
  turn.run(() => {
    seen.push("1 begins");
    turn.run(() => {
      seen.push("2");
      turn.run(() => seen.push("4"));
    });
    turn.run(() => seen.push("3"));
    seen.push("1 ends");
  });
  expect(seen).toStrictEqual(["1 begins", "1 ends", "2", "3", "4"]);
});

test("throws the first error once all are done, and goes on afterwards", () => {
  const turn = new Turn();
  const seen: string[] = [];
  const fail = (what: string) => () => {
    seen.push(what);
    throw new Error(what);
  };
  expect(() =>
    turn.run(() => {
      turn.run(fail("second"));
      turn.run(() => seen.push("third"));
      fail("first")();
    }),
  ).toThrow("first");
  expect(seen).toStrictEqual(["first", "second", "third"]);
  turn.run(() => seen.push("later"));
  expect(seen.at(-1)).toBe("later");
});

test("throws undefined too", () => {
  let caught: unknown = "nothing";
  try {
    new Turn().run(() => {
      throw undefined; // oxlint-disable-line typescript/only-throw-error
    });
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeUndefined();
});
