import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { netDifference } from "../../src/diff/net.ts";
import { strictTowards } from "../../src/diff/strict.ts";
import type { Json, Operation } from "../../src/json/types.ts";
import { applyFitting } from "../support/apply.ts";
import { edit, editable, operationsOf } from "../support/edits.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { canonical } from "../support/values.ts";

/** What a client makes of a member of an update. */
function applied(before: Json, member: string): { after: Json; operations: readonly Operation[] } {
  const { patches, value } = JSON.parse(`{${member}}`) as { patches?: Operation[]; value?: Json };
  return { after: patches === undefined ? (value as Json) : applyFitting(before, patches), operations: patches ?? [] };
}

test(
  "a net change leads where its patches lead, one after the other, and has no append where it is strict",
  () => {
    const changes = fc.property(
      editable,
      fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 6 }),
      (before, edits) => {
        let after = before;
        const patches = edits.map((list) => {
          const made = operationsOf(after, list);
          after = made.after;
          return made.operations;
        });
        for (const strict of [true, false]) {
          const { kind, member } = netDifference(patches, after, strict);
          const net = applied(before, member);
          expect(canonical(net.after)).toBe(canonical(after));
          if (kind === "patches") expect(net.operations.length).toBeGreaterThan(0);
          if (strict) expect(net.operations.map(({ op }) => op)).not.toContain("append");
        }
      },
    );
    checkProperty(changes, 2000);
  },
  PROPERTY_TIMEOUT_MS,
);

describe("the strict form of operations whose result is known", () => {
  const text = "x".repeat(100);
  const grown: Operation = { op: "append", path: "/rows/1/text", value: "!" };
  const after = (index: number) => ({
    rows: Array.from({ length: 5 }, (_, row) => ({ text: row === index ? text : "" })),
  });
  const replaced = { op: "replace", path: "/rows/1/text", value: text };

  test("replaces a text that grew by what it has become", () => {
    expect(strictTowards([grown, { ...grown, value: "?" }], after(1))).toStrictEqual([replaced]);
  });

  test.each<Operation>([
    { op: "add", path: "/rows/2", value: {} },
    { op: "add", path: "/rows/-", value: {} },
    { op: "remove", path: "/rows/4" },
    { op: "replace", path: "/rows/0", value: {} },
    { op: "move", from: "/rows/4/a", path: "/rows/3/a" },
  ])("keeps %j after it, which does not touch the text", (later) => {
    expect(strictTowards([grown, later], after(1))).toStrictEqual([replaced, later]);
  });

  test.each<Operation>([
    { op: "add", path: "/rows/0", value: {} },
    { op: "add", path: "/rows/1", value: {} },
    { op: "remove", path: "/rows/0" },
    { op: "remove", path: "/rows/1" },
    { op: "move", from: "/rows/0", path: "/rows/4" },
    { op: "move", from: "/rows", path: "/other" },
    { op: "copy", from: "/rows/1", path: "/other" },
    { op: "test", path: "/rows/1/text", value: "" },
    { op: "replace", path: "/rows/1", value: { text } },
    { op: "replace", path: "", value: {} },
  ])("is none where %j after it may touch the text", (later) => {
    expect(strictTowards([grown, later], after(1))).toBeUndefined();
  });

  test("is none where the result has no text at that place", () => {
    expect(strictTowards([grown], { rows: [] })).toBeUndefined();
  });
});
