import fc from "fast-check";
import { expect, test } from "vitest";
import { isAdditive } from "../../src/diff/additive.ts";
import { compareWith, patchDifference } from "../../src/diff/differ.ts";
import { fastJsonPatch } from "../../src/diff/fast-json-patch.ts";
import type { Json, Operation } from "../../src/json/types.ts";
import { structural } from "../support/compare.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { container } from "../support/values.ts";

const before: Json = { list: [{ id: 1 }], doc: { text: "one" }, "a/b": 1 };
const add = (path: string, value: Json = "new"): Operation => ({ op: "add", path, value });

test.each<[string, Operation[], boolean]>([
  ["a new member", [add("/doc/more")], true],
  ["a new row at the end", [add("/list/-")], true],
  ["a new row in between", [add("/list/0")], true],
  ["a new member of a row", [add("/list/0/text")], true],
  ["a member of what was added before it", [add("/new", {}), add("/new/member")], true],
  ["text at the end of a text", [{ op: "append", path: "/doc/text", value: "more" }], true],
  ["several rows", [add("/list/0"), add("/list/1")], true],
  ["a member in place of another", [add("/doc/text")], false],
  ["a member in place of another, with an escaped name", [add("/a~1b")], false],
  ["the whole document", [add("")], false],
  ["a replaced member", [{ op: "replace", path: "/doc/text", value: "two" }], false],
  ["a removed member", [add("/doc/more"), { op: "remove", path: "/doc/text" }], false],
  ["a moved row", [{ op: "move", from: "/list/0", path: "/doc/row" }], false],
  ["a copied member", [{ op: "copy", from: "/doc", path: "/copy" }], false],
  ["a member of a row that an earlier operation has moved on", [add("/list/0", {}), add("/list/1/id")], false],
  ["nothing at all", [], true],
])("%s: whether it is additive", (_, operations, expected) => {
  expect(isAdditive(operations, before)).toBe(expected);
});

/** Whether everything in `value` is still in `after`, members by name and rows in their order. */
function keeps(value: Json, after: Json | undefined): boolean {
  if (typeof value !== "object" || value === null) return value === after;
  if (typeof after !== "object" || after === null || Array.isArray(value) !== Array.isArray(after)) return false;
  if (!Array.isArray(value) || !Array.isArray(after)) {
    const members = after as Record<string, Json>;
    return Object.entries(value).every(
      ([name, member]) => Object.hasOwn(members, name) && keeps(member, members[name]),
    );
  }
  // Some choice of rows in this order.
  const from = (row: number, at: number): boolean =>
    row === value.length ||
    after.slice(at).some((candidate, index) => keeps(value[row] as Json, candidate) && from(row + 1, at + index + 1));
  return from(0, 0);
}

test("a difference that says it is additive keeps everything that was there", { timeout: PROPERTY_TIMEOUT_MS }, () => {
  const small = container.filter((value) => JSON.stringify(value).length < 200);
  const grown = fc.tuple(small, small, fc.nat(3)).map(([a, b, at]): [Json, Json] => {
    if (Array.isArray(a)) return [a, [...a.slice(0, at), b, ...a.slice(at)]];
    return [a, { ...(b as Record<string, Json>), ...(a as Record<string, Json>) }];
  });
  let additive = 0;
  checkProperty(
    fc.property(fc.oneof(fc.tuple(small, small), grown), ([a, b]) => {
      for (const compare of [structural, compareWith(fastJsonPatch)]) {
        const difference = compare(a, b);
        if (difference?.additive !== true) continue;
        additive++;
        expect(keeps(a, b)).toBe(true);
      }
    }),
    1000,
  );
  expect(additive).toBeGreaterThan(0);
});

test("operations of the application say it too", () => {
  expect(patchDifference([add("/doc/more")], before, before).additive).toBe(true);
  expect(patchDifference([add("/doc/text")], before, before).additive).toBe(false);
});
