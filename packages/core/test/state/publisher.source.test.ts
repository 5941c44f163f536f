import { describe, expect, test } from "vitest";
import type { Operation } from "../../src/json/types.ts";
import { follow, type State } from "../support/follow.ts";

const fail = (): never => {
  throw new Error("no");
};

describe("a source's patches", () => {
  const add = (value: number): Operation => ({ op: "add", path: "/-", value });

  test("that fit are sent as they are", () => {
    const { change, updates } = follow({ a: [1] });
    change({ a: [1, 2] }, { slice: "a", patches: [add(2)] });
    expect(updates()).toStrictEqual([{ slice: "a", patches: [{ op: "add", path: "/-", value: 2 }] }]);
  });

  test.each<[string, Operation[]]>([
    ["do not fit", [{ op: "remove", path: "/7" }]],
    ["are no operations", [null as unknown as Operation]],
    ["are no JSON", [{ op: "add", path: "/-", value: 1n }]],
  ])("that %s are reported, and the values compared", (_name, patches) => {
    const { change, errors, updates } = follow({ a: [1] });
    change({ a: [1, 2] }, { slice: "a", patches });
    expect(updates()).toStrictEqual([{ slice: "a", patches: [{ op: "add", path: "/1", value: 2 }] }]);
    expect(errors).toMatchObject([{ code: "invalid-patch", slice: "a" }]);
  });

  test("are copied: what the source does with them later is not seen", () => {
    const { stream, change } = follow({ a: [] });
    const value = { n: 1 };
    change({ a: [{ n: 1 }] }, { slice: "a", patches: [{ op: "add", path: "/-", value }] });
    value.n = 2;
    expect(stream.state).toStrictEqual({ a: [{ n: 1 }] });
  });

  test("never go around serialize", () => {
    const serialize = (value: unknown): string => JSON.stringify(value, (key, item: unknown) => (key === "secret" ? undefined : item)); // prettier-ignore
    const { change, errors, updates } = follow({ a: { n: 1, secret: 1 } }, { serialize });
    const patches: Operation[] = [{ op: "replace", path: "/secret", value: 2 }, { op: "replace", path: "/n", value: 2 }]; // prettier-ignore
    change({ a: { n: 2, secret: 2 } }, { slice: "a", patches });
    expect(updates()).toStrictEqual([{ slice: "a", patches: [{ op: "replace", path: "/n", value: 2 }] }]);
    expect(errors).toStrictEqual([]);
  });

  test("never show a slice that may not be seen", () => {
    const { change, updates } = follow({ a: [1] }, { slices: [] });
    change({ a: [1, 2] }, { slice: "a", patches: [add(2)] });
    expect(updates()).toStrictEqual([]);
  });

  test.each(["named", "unnamed"])("do not build on a change that was withheld: %s", (kind) => {
    let slices: (state: State) => string[] = Object.keys;
    const { stream, change } = follow({ a: [1] }, { slices: (state) => slices(state) });
    slices = fail;
    change({ a: [1, 2] }, kind === "named" ? { slice: "a", patches: [add(2)] } : undefined);
    slices = Object.keys;
    change({ a: [1, 2, 3] }, { slice: "a", patches: [add(3)] });
    expect(stream.state).toStrictEqual({ a: [1, 2, 3] });
  });

  test("do not build on a change that failed", () => {
    const { stream, change, codes } = follow({ a: [1] });
    change({ a: [1, 2n] }, { slice: "a" });
    change({ a: [1, 2, 3] }, { slice: "a", patches: [add(3)] });
    expect([stream.state, codes()]).toStrictEqual([{ a: [1, 2, 3] }, ["not-serializable"]]);
  });
});

describe("a source that fails", () => {
  test.each([{ slice: "a" }, undefined])("at a change of %j has every slice looked at next", (missed) => {
    const { stream, change, codes, fail: failWith, updates } = follow({ a: [1], b: 1 });
    failWith(new Error("ill"));
    change({ a: [1, 2] }, missed);
    expect([updates(), codes(), stream.state]).toStrictEqual([[], ["source-failed"], { a: [1], b: 1 }]);
    failWith(undefined);
    change({ b: 2 }, { slice: "b" });
    expect(stream.state).toStrictEqual({ a: [1, 2], b: 2 });
  });

  test("at a change in place that it names does not lose it", () => {
    const a = [1];
    const { change, fail: failWith, updates } = follow({ a, b: 1 });
    failWith(new Error("ill"));
    a.push(2);
    change({}, { slice: "a" });
    failWith(undefined);
    change({ b: 2 }, { slice: "b" });
    expect(updates()).toContainEqual({ slice: "a", value: [1, 2], more: true });
  });

  test.each([null, [], "state", undefined])("by giving %j is told of, and goes on", (bad) => {
    const { stream, become, codes } = follow({ a: 1 });
    become(bad);
    expect([codes(), stream.state]).toStrictEqual([["invalid-state"], { a: 1 }]);
    become({ a: 2 });
    expect(stream.state).toStrictEqual({ a: 2 });
  });
});
