import { describe, expect, test, vi } from "vitest";
import type { Differ } from "../../src/diff/differ.ts";
import type { Operation } from "../../src/json/types.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { hold } from "../support/hold.ts";
import { errorOf } from "../support/values.ts";

describe("operations of a source", () => {
  const operations: Operation[] = [{ op: "add", path: "/list/-", value: 2 }];
  const never: Differ = () => {
    throw new Error("nobody asked for this");
  };

  test.each(["shared", "copy"] as const)("are told as they are, and nothing is compared: %s", (snapshots) => {
    const { update } = hold({ snapshots, differ: never });
    update({ list: [1] });
    expect(update({ list: [1, 2] }, { named: true, operations })).toStrictEqual({ patches: operations });
  });

  test("that came to what was there are told as nothing", () => {
    const { update } = hold({ differ: never });
    update({ list: [1] });
    const there: Operation[] = [{ op: "add", path: "/x", value: 1 }, { op: "remove", path: "/x" }]; // prettier-ignore
    expect(update({ list: [1] }, { named: true, operations: there })).toBeUndefined();
  });

  test("that cost more than the value are told as the value", () => {
    const { update } = hold({ differ: never });
    update({ list: [1] });
    const long: Operation[] = [{ op: "test", path: "/list/0", value: 1 }, ...Array.from({ length: 30 }, () => operations[0] as Operation)]; // prettier-ignore
    expect(update({ list: [1, 2] }, { named: true, operations: long })).toHaveProperty("value");
  });

  test("of a value that was changed in place do not have it told twice, nor not at all", () => {
    const { update } = hold();
    const value = { list: [1] };
    update(value);
    value.list.push(2);
    expect(update(value, { named: true, operations })).toStrictEqual({ value: { list: [1, 2] } });
  });

  test("are believed until the value is looked at for another reason", () => {
    const { update } = hold();
    update({ list: [1] });
    const value = { list: [1, 2, 3] };
    expect(update(value, { named: true, operations })).toStrictEqual({ patches: operations });
    expect(update(value)).toStrictEqual({ patches: [{ op: "add", path: "/list/2", value: 3 }] });
  });

  test("are not applied over a change that failed", () => {
    const { slices, update } = hold();
    update({ list: [1] });
    errorOf(() => update({ list: [0, 1], n: 1n }, { named: true }));
    expect(slices.json("s")).toBeUndefined();
    const next = { list: [0, 1], n: 1 };
    const told = update(next, { named: true, operations: [{ op: "add", path: "/n", value: 1 }] });
    expect(applyOperations({ list: [1] }, told?.patches ?? [], "s")).toStrictEqual(next);
    expect(slices.json("s")).toBe(next);
  });
});

describe("serialize", () => {
  const serialize = vi.fn<(value: unknown, slice: string) => string>(
    (value) =>
    JSON.stringify(value, (key, item: unknown) => (key === "secret" ? undefined : typeof item === "bigint" ? `${item}` : item)), // prettier-ignore
  );

  test("decides what is held, told and compared", () => {
    const { slices, update } = hold({ serialize });
    expect(update({ n: 1n, secret: "a" })).toStrictEqual({ value: { n: "1" } });
    expect(serialize).toHaveBeenLastCalledWith({ n: 1n, secret: "a" }, "s");
    expect(update({ n: 1n, secret: "b" })).toBeUndefined();
    expect(update({ n: 2n, secret: "b" })).toStrictEqual({ patches: [{ op: "replace", path: "/n", value: "2" }] });
    expect(slices.text("s")).toBe('{"n":"2"}');
  });

  test("is what a value changed in place is compared through", () => {
    const { update } = hold({ serialize });
    const value = { n: 1, secret: "a" };
    update(value);
    value.n = 2;
    expect(update(value, { named: true })).toStrictEqual({ patches: [{ op: "replace", path: "/n", value: 2 }] });
  });

  test("leaves operations nothing to build on", () => {
    const { slices, update } = hold({ serialize });
    const value = { n: 1 };
    update(value);
    expect([slices.json("s"), slices.basis("s", value)]).toStrictEqual([undefined, undefined]);
  });

  test.each<[string, () => string]>([
    ["no text", () => undefined as unknown as string],
    ["bad JSON", () => "{oops"],
    ["an error", () => { throw new Error("oops"); }], // prettier-ignore
  ])("that gives %s throws and leaves the slice as it was", (_name, bad) => {
    let text = (): string => '{"n":1}';
    const { slices, update } = hold({ serialize: () => text() });
    update({});
    text = bad;
    expect(errorOf(() => update({ changed: true }))).toMatchObject({ code: "not-serializable", slice: "s" });
    expect(slices.toState()).toStrictEqual({ s: { n: 1 } });
  });
});

describe("a differ", () => {
  test.each<[string, Differ]>([
    ["throws", () => { throw new Error("oops"); }], // prettier-ignore
    ["gives what is no list", () => "oops" as unknown as Operation[]],
  ])("that %s is reported, and the value sent", (_name, differ) => {
    const { update, report } = hold({ differ });
    update({ n: 1 });
    expect(update({ n: 2 })).toStrictEqual({ value: { n: 2 } });
    expect(report).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "differ-failed", slice: "s" }));
  });

  test("that gives up has the value sent, and nothing is reported", () => {
    const { update, report } = hold({ differ: () => undefined });
    update({ n: 1 });
    expect(update({ n: 2 })).toStrictEqual({ value: { n: 2 } });
    expect(report).not.toHaveBeenCalled();
  });
});
