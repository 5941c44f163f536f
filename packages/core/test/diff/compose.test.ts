import { describe, expect, test } from "vitest";
import { compose, Composition } from "../../src/diff/compose.ts";
import type { Operation } from "../../src/json/types.ts";

const append = (path: string, value: string): Operation => ({ op: "append", path, value });
const replace = (path: string, value: unknown): Operation => ({ op: "replace", path, value });
const add = (path: string, value: unknown): Operation => ({ op: "add", path, value });
const remove = (path: string): Operation => ({ op: "remove", path });
const move = (from: string, path: string): Operation => ({ op: "move", from, path });
const copy = (from: string, path: string): Operation => ({ op: "copy", from, path });

describe("compose", () => {
  test.each<[string, Operation[], Operation[], Operation[]]>([
    ["joins appends to one text", [append("/t", "a")], [append("/t", "b"), append("/t", "c")], [append("/t", "abc")]],
    ["joins appends to a slice", [append("", "a")], [append("", "b")], [append("", "ab")]],
    ["joins the appends of two texts, each with its own", [append("/t", "a"), append("/u", "b")], [append("/t", "c"), append("/u", "d")], [append("/t", "ac"), append("/u", "bd")]], // prettier-ignore
    ["appends to what was replaced", [replace("/t", "a")], [append("/t", "b")], [replace("/t", "ab")]],
    ["appends inside a row that was added", [add("/rows/4", { t: "" })], [append("/rows/4/t", "a")], [add("/rows/4", { t: "a" })]], // prettier-ignore
    ["keeps the last of two replacements", [replace("/n", 1)], [replace("/n", 2)], [replace("/n", 2)]],
    ["keeps a change that came back to what it was", [replace("/n", 2)], [replace("/n", 1)], [replace("/n", 1)]],
    ["drops what a replacement of the text voids", [append("/t", "a")], [replace("/t", "b")], [replace("/t", "b")]],
    ["drops what a replacement above voids", [append("/a/t", "x"), add("/a/rows/0", 1), move("/a/rows/0", "/a/rows/1")], [replace("/a", {})], [replace("/a", {})]], // prettier-ignore
    ["drops what a removal voids", [append("/a/t", "x"), replace("/a/n", 1)], [remove("/a")], [remove("/a")]],
    ["drops the text of a row that was removed", [append("/rows/2/t", "x")], [remove("/rows/2")], [remove("/rows/2")]],
    ["keeps a member that came back", [remove("/a")], [add("/a", 1)], [add("/a", 1)]],
    ["changes inside what was added", [add("/a", { n: 1, rows: [1, 2] })], [replace("/a/n", 2), move("/a/rows/0", "/a/rows/1")], [add("/a", { n: 2, rows: [2, 1] })]], // prettier-ignore
    ["joins across an operation elsewhere", [append("/t", "a"), add("/rows/0", 1)], [append("/t", "b")], [append("/t", "ab"), add("/rows/0", 1)]], // prettier-ignore
  ])("%s", (_name, first, second, expected) => {
    expect(compose(first, second)).toStrictEqual(expected);
  });

  test.each<[string, Operation[], Operation[]]>([
    ["rows shifted by an addition", [append("/rows/0/t", "a"), add("/rows/0", {})], [append("/rows/0/t", "b")]],
    ["rows shifted by a removal", [append("/rows/1/t", "a"), remove("/rows/0")], [append("/rows/1/t", "b")]],
    ["rows that moved", [append("/rows/0/t", "a"), move("/rows/0", "/rows/1")], [append("/rows/1/t", "b")]],
    ["a text that was copied", [append("/a/t", "a"), copy("/a", "/b")], [append("/a/t", "b")]],
    ["a text that was copied, and then replaced", [append("/a/t", "a"), copy("/a", "/b")], [replace("/a/t", "b")]],
    ["a row added where another was", [add("/rows/0", 1)], [add("/rows/0", 2)]],
  ])("keeps the order of %s", (_name, first, second) => {
    expect(compose(first, second)).toStrictEqual([...first, ...second]);
  });

  test("leaves out the value of what is removed again", () => {
    expect(compose([add("/rows/0", { t: "long" })], [remove("/rows/0")])).toStrictEqual([add("/rows/0", null), remove("/rows/0")]); // prettier-ignore
  });

  test("touches neither list", () => {
    const [first, second] = [[add("/a", { t: "x" })], [append("/a/t", "y")]]; // prettier-ignore
    compose(first, second);
    expect([first, second]).toStrictEqual([[add("/a", { t: "x" })], [append("/a/t", "y")]]); // prettier-ignore
  });

  test("keeps the order around an operation that does not fit", () => {
    const [first, second] = [[replace("/a", 1), append("/a", "x")], [replace("/a", 2)]]; // prettier-ignore
    expect(compose(first, second)).toStrictEqual([...first, ...second]);
  });
});

test("a growing text of 8,000 pieces among rows that are added costs time in proportion to the pieces", () => {
  const compositionOf = (pieces: number): number => {
    const composition = new Composition();
    for (let piece = 0; piece < pieces; piece++)
      composition.add([append("/text", "word "), replace(`/cells/c${piece % 500}`, piece), add("/log/0", piece)]);
    return composition.operations().length;
  };
  expect(compositionOf(100)).toBe(1 + 100 + 100);
  expect(compositionOf(8000)).toBe(1 + 500 + 8000);
});
