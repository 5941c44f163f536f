import { expect, test } from "vitest";
import type { StateUpdateEvent } from "@statestream/core";
import { COLOURS, inline, operationLines, PLAIN, printable } from "../src/format.ts";

const update = (change: Partial<StateUpdateEvent>): StateUpdateEvent => ({
  type: "state.update",
  slice: "a",
  seq: 1,
  base: 0,
  timestamp: 0,
  ...change,
});

test("what a server sends cannot move the cursor, set colours or turn the text", () => {
  expect(printable("a\x1b[31mb\x9b2Jc\u202ed\x7f")).toBe("a\\u001b[31mb\\u009b2Jc\\u202ed\\u007f");
  expect(inline("\x9b2J", 100)).toBe('"\\u009b2J"');
  const [line] = operationLines(update({ patches: [{ op: "add", path: "/\x1b]0;x", value: 1 }] }), PLAIN, 100);
  expect(line).toBe("add /\\u001b]0;x 1");
});

test("a value is cut where the terminal ends", () => {
  expect(inline([1, 2, 3], 7)).toBe("[1,2,3]");
  expect(inline([1, 2, 3], 5)).toBe("[1,2…");
});

test("each operation is one line, coloured by what it does", () => {
  const patches = [
    { op: "add", path: "/0", value: { id: 1 } },
    { op: "remove", path: "/1" },
    { op: "replace", path: "/2/done", value: true },
    { op: "move", from: "/3", path: "/0" },
  ] as const;
  expect(operationLines(update({ patches }), PLAIN, 100)).toEqual([
    'add /0 {"id":1}',
    "remove /1",
    "replace /2/done true",
    "move /3 → /0",
  ]);
  expect(operationLines(update({ patches }), COLOURS, 100)[1]).toBe("\x1b[31mremove\x1b[0m /1");
});

test("a removed slice and a whole value say what they are", () => {
  expect(operationLines(update({ removed: true }), PLAIN, 100)).toEqual(["removed"]);
  expect(operationLines(update({ value: 7 }), PLAIN, 100)).toEqual(["value 7"]);
});
