import { describe, expect, test } from "vitest";
import type { Operation } from "../../src/json/types.ts";
import type { StateChange } from "../../src/state/source.ts";
import { follow } from "../support/follow.ts";

describe("patches that a source gives with a change", () => {
  // The types have no such member; a store in JavaScript may still give it.
  const patched = (...patches: Operation[]): StateChange => ({ slice: "a", patches }) as StateChange;

  test("are not believed: the values are compared, so a wrong path is never sent", () => {
    const { stream, change, updates } = follow({ a: { "b/c": 1, b: { c: 1 } } });
    change({ a: { "b/c": 2, b: { c: 1 } } }, patched({ op: "replace", path: "/b/c", value: 2 }));
    expect(updates()).toStrictEqual([{ slice: "a", patches: [{ op: "replace", path: "/b~1c", value: 2 }] }]);
    expect(stream.state).toStrictEqual({ a: { "b/c": 2, b: { c: 1 } } });
  });

  test("are never sent: an operation test stays in the server", () => {
    const { change, updates } = follow({ a: [1] });
    change({ a: [1, 2] }, patched({ op: "test", path: "/0", value: 1 }, { op: "add", path: "/-", value: 2 }));
    expect(updates()).toStrictEqual([{ slice: "a", patches: [{ op: "add", path: "/1", value: 2 }] }]);
  });
});

describe("a source that fails", () => {
  test.each([{ slice: "a" }, undefined])(
    "makes the next change look at every slice when it failed at a change of %j",
    (missed) => {
      const { stream, change, codes, fail: failWith, updates } = follow({ a: [1], b: 1 });
      failWith(new Error("ill"));
      change({ a: [1, 2] }, missed);
      expect([updates(), codes(), stream.state]).toStrictEqual([[], ["source-failed"], { a: [1], b: 1 }]);
      failWith(undefined);
      change({ b: 2 }, { slice: "b" });
      expect(stream.state).toStrictEqual({ a: [1, 2], b: 2 });
    },
  );

  test("does not lose a change in place that it named", () => {
    const a = [1];
    const { change, fail: failWith, updates } = follow({ a, b: 1 });
    failWith(new Error("ill"));
    a.push(2);
    change({}, { slice: "a" });
    failWith(undefined);
    change({ b: 2 }, { slice: "b" });
    expect(updates()).toContainEqual({ slice: "a", value: [1, 2], more: true });
  });

  test.each([null, [], "state", undefined])("is reported when it gives %j, and the stream continues", (bad) => {
    const { stream, become, codes } = follow({ a: 1 });
    become(bad);
    expect([codes(), stream.state]).toStrictEqual([["invalid-state"], { a: 1 }]);
    become({ a: 2 });
    expect(stream.state).toStrictEqual({ a: 2 });
  });
});
