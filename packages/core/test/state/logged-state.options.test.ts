import { describe, expect, test, vi } from "vitest";
import type { Differ } from "../../src/diff/differ.ts";
import type { Operation } from "../../src/json/types.ts";
import { hold } from "../support/hold.ts";
import { errorOf } from "../support/values.ts";

describe("operations on what clients hold", () => {
  const operations: Operation[] = [{ op: "add", path: "/list/-", value: 2 }];
  const never: Differ = () => {
    throw new Error("must not be called");
  };

  test("are sent as they are, and nothing is compared", () => {
    const { logged, update } = hold({ differ: never });
    update({ list: [1] });
    expect(update(undefined, { named: true, operations })).toStrictEqual({ patches: operations });
    expect(logged.json("s")).toStrictEqual({ list: [1, 2] });
  });

  test("send nothing where they lead back to the same JSON", () => {
    const { update } = hold({ differ: never });
    update({ list: [1] });
    const back: Operation[] = [{ op: "add", path: "/x", value: 1 }, { op: "remove", path: "/x" }]; // prettier-ignore
    expect(update(undefined, { named: true, operations: back })).toBeUndefined();
  });

  test("send the value where they cost more", () => {
    const { update } = hold({ differ: never });
    update({ list: [1] });
    const long: Operation[] = Array.from({ length: 30 }, (_, value) => ({ op: "replace", path: "/list/0", value }));
    expect(update(undefined, { named: true, operations: long })).toStrictEqual({ value: { list: [29] } });
  });
});

describe("serialize", () => {
  const serialize = vi.fn<(value: unknown, slice: string) => string>(
    (value) =>
    JSON.stringify(value, (key, item: unknown) => (key === "secret" ? undefined : typeof item === "bigint" ? `${item}` : item)), // prettier-ignore
  );

  test("decides what is held, sent and compared", () => {
    const { logged, update } = hold({ serialize });
    expect(update({ n: 1n, secret: "a" })).toStrictEqual({ value: { n: "1" } });
    expect(serialize).toHaveBeenLastCalledWith({ n: 1n, secret: "a" }, "s");
    expect(update({ n: 1n, secret: "b" })).toBeUndefined();
    expect(update({ n: 2n, secret: "b" })).toStrictEqual({ patches: [{ op: "replace", path: "/n", value: "2" }] });
    expect(logged.text("s")).toBe('{"n":"2"}');
  });

  test("is used to compare a value that was changed in place", () => {
    const { update } = hold({ serialize });
    const value = { n: 1, secret: "a" };
    update(value);
    value.n = 2;
    expect(update(value, { named: true })).toStrictEqual({ patches: [{ op: "replace", path: "/n", value: 2 }] });
  });

  test("replaces operations by a comparison of its texts", () => {
    const { logged, update } = hold({ serialize });
    const value = { n: 1 };
    update(value);
    expect(logged.patchableJson("s", value)).toBeUndefined();
  });

  test.each<[string, () => string]>([
    ["no text", () => undefined as unknown as string],
    ["bad JSON", () => "{oops"],
    ["an error", () => { throw new Error("oops"); }], // prettier-ignore
  ])("that gives %s throws and leaves the slice as it was", (_name, bad) => {
    let text = (): string => '{"n":1}';
    const { logged, update } = hold({ serialize: () => text() });
    update({});
    text = bad;
    expect(errorOf(() => update({ changed: true }))).toMatchObject({ code: "not-serializable", slice: "s" });
    expect(logged.toState()).toStrictEqual({ s: { n: 1 } });
  });
});

describe("a differ", () => {
  test.each<[string, Differ]>([
    ["throws", () => { throw new Error("oops"); }], // prettier-ignore
    ["gives what is no list", () => "oops" as unknown as Operation[]],
  ])("is reported when it %s, and the value is sent", (_name, differ) => {
    const { update, report } = hold({ differ });
    update({ n: 1 });
    expect(update({ n: 2 })).toStrictEqual({ value: { n: 2 } });
    expect(report).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "differ-failed", slice: "s" }));
  });

  test("may give up, so that the value is sent and nothing is reported", () => {
    const { update, report } = hold({ differ: () => undefined });
    update({ n: 1 });
    expect(update({ n: 2 })).toStrictEqual({ value: { n: 2 } });
    expect(report).not.toHaveBeenCalled();
  });
});
