import { describe, expect, test } from "vitest";
import { compareWith, patchDifference } from "../../src/diff/differ.ts";
import { strictOf } from "../../src/diff/strict.ts";
import type { Json, Operation } from "../../src/json/types.ts";
import { appending, operationsOf, structural } from "../support/compare.ts";

const append = (path: string, value: string): Operation => ({ op: "append", path, value });
const replace = (path: string, value: unknown): Operation => ({ op: "replace", path, value });
const long = "a text of a few words ".repeat(2000);

describe("a string that grew", () => {
  test.each<[string, Json, Json, Operation]>([
    ["a slice", "Hel", "Hello", append("", "lo")],
    ["a member", { text: "Hel" }, { text: "Hello" }, append("/text", "lo")],
    ["a member of a row", [{ id: 1, text: "Hel" }], [{ id: 1, text: "Hello" }], append("/0/text", "lo")],
    ["a row", ["one", "Hel"], ["one", "Hello"], append("/1", "lo")],
    ["an empty string", { text: "" }, { text: "Hello" }, append("/text", "Hello")],
    ["a whole emoji", { text: "a" }, { text: "a\u{1f600}" }, append("/text", "\u{1f600}")],
    ["a combining mark", { text: "e" }, { text: "e\u0301" }, append("/text", "\u0301")],
    ["a skin tone", { text: "\u{1f44d}" }, { text: "\u{1f44d}\u{1f3fd}" }, append("/text", "\u{1f3fd}")],
    ["half a character, at the end", { text: "a" }, { text: "a\ud83d" }, append("/text", "\ud83d")],
    ["a long text", { text: long }, { text: `${long}more` }, append("/text", "more")],
  ])("is sent as append where append is granted: %s", (_name, before, after, operation) => {
    const difference = appending(before, after);
    expect(operationsOf(difference)).toStrictEqual([operation]);
    expect(difference?.appends).toBe(true);
  });

  test.each<[string, Json, Json]>([
    ["it shrank", { text: "Hello" }, { text: "Hel" }],
    ["it changed before its end", { text: "Hello" }, { text: "Jello there" }],
    ["what was added is the second half of a character", { text: "a\ud83d" }, { text: "a\u{1f600}" }],
    ["it became a number", { text: "1" }, { text: 11 }],
  ])("is sent as replace where %s", (_name, before, after) => {
    const difference = appending(before, after);
    expect(operationsOf(difference)).toStrictEqual([replace("/text", (after as { text: Json }).text)]);
    expect(difference).not.toHaveProperty("appends");
  });

  test("is sent as an operation of RFC 6902 where append is not granted", () => {
    expect(operationsOf(structural({ text: "Hel" }, { text: "Hello" }))).toStrictEqual([replace("/text", "Hello")]);
    expect(structural("Hel", "Hello")).toStrictEqual({ kind: "value", member: '"value":"Hello"' });
  });

  test("is sent as the value where what was added costs more than that", () => {
    const after = "\n".repeat(300);
    expect(appending("", after)?.kind).toBe("value");
    expect(appending({ a: "", b: long }, { a: after, b: long })?.kind).toBe("patches");
  });

  test("beside another, each by its own append", () => {
    const [before, after] = [{ a: "x", b: { c: "y" }, n: 1 }, { a: "x1", b: { c: "y2" }, n: 2 }]; // prettier-ignore
    expect(operationsOf(appending(before, after))).toStrictEqual([append("/a", "1"), append("/b/c", "2"), replace("/n", 2)]); // prettier-ignore
  });
});

describe("operations of the application's own differ", () => {
  const written = (appends: boolean, before: Json, after: Json, ...operations: Operation[]) =>
    operationsOf(compareWith(() => operations, appends)(before, after));

  test("keep their append where that may be sent", () => {
    expect(written(true, { t: "a" }, { t: "ab" }, append("/t", "b"))).toStrictEqual([append("/t", "b")]);
  });

  test("become RFC 6902 where it may not, and where one would split a character", () => {
    expect(written(false, { t: "a" }, { t: "ab" }, append("/t", "b"))).toStrictEqual([replace("/t", "ab")]);
    const [before, after] = [{ t: "\ud83d" }, { t: "\u{1f600}" }]; // prettier-ignore
    expect(written(true, before, after, append("/t", "\ude00"))).toStrictEqual([replace("/t", "\u{1f600}")]);
  });
});

test("a patch that appends to the whole slice is no replacement of it", () => {
  expect(patchDifference([append("", "lo")], "Hel", "Hello")).toMatchObject({
    kind: "patches",
    appends: true,
    additive: true,
  });
});

describe("the strict form of a patch", () => {
  test("is the patch itself where nothing is appended", () => {
    const operations = [replace("/n", 1)];
    expect(strictOf(operations, { n: 0 })).toBe(operations);
  });

  test("has the text as it is at that operation, once for appends that follow one another", () => {
    const before = { rows: [{ t: "a" }, { t: "b" }] };
    const operations: Operation[] = [append("/rows/0/t", "1"), append("/rows/0/t", "2"), { op: "move", from: "/rows/0", path: "/rows/1" }, append("/rows/1/t", "3")]; // prettier-ignore
    expect(strictOf(operations, before)).toStrictEqual([replace("/rows/0/t", "a12"), operations[2], replace("/rows/1/t", "a123")]); // prettier-ignore
  });

  test("of a slice that is a string replaces the whole", () => {
    expect(strictOf([append("", "lo")], "Hel")).toStrictEqual([replace("", "Hello")]);
  });
});
