import { describe, expect, test } from "vitest";
import { applyPatches } from "../public/patch.js";

describe("applyPatches", () => {
  test.each([
    [{ a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
    [{ a: 1 }, [{ op: "replace", path: "/a", value: null }], { a: null }],
    [{ a: 1 }, [{ op: "remove", path: "/a" }], {}],
    [[1, 3], [{ op: "add", path: "/1", value: 2 }], [1, 2, 3]],
    [[1], [{ op: "add", path: "/-", value: 2 }], [1, 2]],
    [[1, 2], [{ op: "remove", path: "/0" }], [2]],
    [[1, 2], [{ op: "replace", path: "/1", value: 3 }], [1, 3]],
    [{ "a/b": { "~": 1 } }, [{ op: "replace", path: "/a~1b/~0", value: 2 }], { "a/b": { "~": 2 } }],
    [{ a: 1 }, [{ op: "replace", path: "", value: [] }], []],
    [{ "": 1 }, [{ op: "remove", path: "/" }], {}],
  ])("%j %j", (document, operations, expected) => {
    expect(applyPatches(document, operations)).toEqual(expected);
  });

  test("adds __proto__ as a member like any other", () => {
    const applied = applyPatches({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    expect(Object.keys(applied as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(applied)).toBe(Object.prototype);
  });

  test.each([
    [{}, { op: "add", path: "/__proto__/polluted", value: true }],
    [{}, { op: "replace", path: "/constructor", value: 1 }],
    [{}, { op: "remove", path: "/a" }],
    [{}, { op: "add", path: "/a/b", value: 1 }],
    [[1], { op: "remove", path: "/1" }],
    [[1], { op: "remove", path: "/length" }],
    [[1], { op: "add", path: "/3", value: 1 }],
    [[1], { op: "add", path: "/x", value: 1 }],
    [[1], { op: "add", path: "/0.5", value: 1 }],
    [{ a: 1 }, { op: "move", path: "/b" }],
    ["text", { op: "add", path: "/a", value: 1 }],
  ])("throws on %j %j", (document, operation) => {
    expect(() => applyPatches(document, [operation])).toThrow(
      /^(Nothing at|No place for|Unexpected operation|Object.defineProperty called on)/,
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
