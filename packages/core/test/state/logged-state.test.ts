import { describe, expect, test } from "vitest";
import type { Json } from "../../src/json/types.ts";
import { applyOperations } from "../../src/json/operations.ts";
import { awkward } from "../support/awkward.ts";
import { hold, type Update } from "../support/hold.ts";
import { canonical, errorOf, parsed, untouchable } from "../support/values.ts";

const replace = (path: string, value: Json): Update => ({ patches: [{ op: "replace", path, value }] });
const big = Array.from({ length: 50 }, (_, index) => ({ index }));

describe.each(["shared", "copy"] as const)("with %s snapshots", (snapshots) => {
  test("sends the first value as a value, the next as patches, and the removal as removed", () => {
    const { logged, update } = hold({ snapshots });
    expect(logged.has("s")).toBe(false);
    expect(update({ n: 1 })).toStrictEqual({ value: { n: 1 } });
    expect(update({ n: 2 })).toStrictEqual(replace("/n", 2));
    expect([...logged.names()]).toStrictEqual(["s"]);
    expect(update(undefined)).toStrictEqual({ removed: true });
    expect(update(undefined)).toBeUndefined();
    expect([logged.has("s"), logged.text("s"), logged.toState()]).toStrictEqual([false, undefined, {}]);
    expect(update({ n: 2 })).toStrictEqual({ value: { n: 2 } });
  });

  test.each([() => 1, Symbol("s"), { toJSON: () => undefined }])("%s is absent, as JSON leaves it out", (value) => {
    const { update } = hold({ snapshots });
    expect(update(value)).toBeUndefined();
    update(1);
    expect(update(value)).toStrictEqual({ removed: true });
  });

  test("nothing is sent for a value that is equal in JSON, and it is held from then on", () => {
    const { logged, update } = hold({ snapshots });
    update({ at: new Date(0), n: -0, u: undefined });
    expect(update({ at: new Date(0).toISOString(), n: 0 })).toBeUndefined();
    expect(update({ n: 0, at: new Date(0) })).toBeUndefined();
    expect(logged.text("s")).toBe(JSON.stringify({ n: 0, at: new Date(0) }));
  });

  test.each([
    [1, 1],
    [Number.NaN, null],
    ["a", "a"],
    [null, null],
    [false, false],
  ])("sends nothing for the primitive %j again, named or not", (value, again) => {
    const { update } = hold({ snapshots });
    expect(update(value)).toStrictEqual({ value: parsed(value) });
    for (const named of [true, false]) {
      expect(update(value, { named })).toBeUndefined();
      expect(update(again, { named })).toBeUndefined();
    }
  });

  test.each<[string, unknown]>([
    ["a cycle", (() => { const cycle: unknown[] = []; return cycle.push(cycle), cycle; })()], // prettier-ignore
    ["BigInt", { n: 1n }],
    ["a throwing getter", { get n() { throw new Error("no"); } }], // prettier-ignore
    ["a value that is too deep", Array.from({ length: 10_000 }).reduce((inner) => [inner])],
  ])("%s throws and leaves the slice as it was", (_name, value) => {
    const { logged, update } = hold({ snapshots });
    update({ n: 1 });
    expect(errorOf(() => update(value))).toMatchObject({ code: "not-serializable", slice: "s" });
    expect(logged.toState()).toStrictEqual({ s: { n: 1 } });
    expect(update({ n: 2 })).toStrictEqual(replace("/n", 2));
  });

  test("a slice may have any name, also one that a prototype has", () => {
    const { logged } = hold({ snapshots });
    expect(logged.has("constructor")).toBe(false);
    for (const name of ["__proto__", "constructor"]) {
      const step = logged.plan(name, { polluted: 1 }, { namedByCaller: true });
      if (step) logged.apply(step);
    }
    expect(JSON.stringify(logged.toState())).toBe('{"__proto__":{"polluted":1},"constructor":{"polluted":1}}');
    expect({}).not.toHaveProperty("polluted");
  });

  test("the differences lead from every awkward value to every other", () => {
    for (const [name, a] of awkward) {
      const { update } = hold({ snapshots });
      update({ of: a });
      for (const [other, b] of awkward) {
        // fast-json-patch sees members that are not enumerable, where the other value has one of that name.
        if ([name, other].includes("a member that is not enumerable")) continue;
        const sent = update({ of: b });
        const followed = sent?.patches ? applyOperations(parsed({ of: a }), sent.patches, "s") : (sent?.value ?? parsed({ of: a })); // prettier-ignore
        expect(canonical(followed)).toBe(canonical(parsed({ of: b })));
        update({ of: a });
      }
    }
  });
});

describe("shared", () => {
  test("holds the value itself, and looks only at what changed", () => {
    const { logged, update } = hold();
    const value = { big, n: 1 };
    update(value);
    expect(logged.toState()["s"]).toBe(value);
    const never = untouchable();
    const { update: watched } = hold({ differ: (a, b) => [{ op: "replace", path: "/n", value: (b as { n: Json }).n !== (a as { n: Json }).n }] }); // prettier-ignore
    const first: Record<string, unknown> = { of: {}, n: 1 };
    watched(first);
    first["of"] = never;
    expect(watched({ of: never, n: 2 })).toStrictEqual(replace("/n", true));
  });

  test("counts the same value as unchanged when it is not named", () => {
    const { update } = hold();
    const value = { list: [1] };
    update(value);
    value.list.push(2);
    expect(update(value)).toBeUndefined();
  });

  test("sends the same value as a whole when it is named, and compares from then on", () => {
    const { logged, update } = hold();
    const value = { list: [1], big };
    update(value);
    value.list.push(2);
    expect(update(value, { named: true })).toStrictEqual({ value: parsed(value) });
    expect(logged.toState()["s"]).not.toBe(value);
    value.list.push(3);
    expect(update(value)).toStrictEqual({ patches: [{ op: "add", path: "/list/2", value: 3 }] });
    expect(update(value, { named: true })).toBeUndefined();
    const next = { ...value, list: [9] };
    expect(update(next)?.patches).toBeDefined();
    next.list.push(10);
    expect(update(next)).toStrictEqual({ patches: [{ op: "add", path: "/list/1", value: 10 }] });
  });

  test("builds operations on the value it holds, until that is changed in place", () => {
    const { logged, update } = hold();
    const value = { n: 1 };
    update(value);
    expect(logged.patchableJson("s", value)).toBe(value);
    expect(logged.patchableJson("s", { n: 1 })).toBeUndefined();
    update(value, { named: true });
    expect(logged.patchableJson("s", value)).toBeUndefined();
  });

  test("leaves a slice that was mutated into something impossible out of the state, reports it, and sends the next value as a whole", () => {
    const { logged, update, report } = hold();
    const value: Record<string, unknown> = { n: 1 };
    update(value);
    value["n"] = 1n;
    expect(logged.text("s")).toBeUndefined();
    expect(report).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "not-serializable", slice: "s" }));
    expect(logged.patchableJson("s", value)).toBeUndefined();
    expect(update({ n: 2 })).toStrictEqual({ value: { n: 2 } });
    expect([logged.text("s"), logged.json("s")]).toStrictEqual(['{"n":2}', { n: 2 }]);
  });

  test.each(["same", "next"])("sends the %s value as a whole after one that failed in place", (which) => {
    const { update } = hold();
    const value: Record<string, unknown> = { n: 1, m: 1 };
    update(value);
    value["n"] = 1n;
    expect(errorOf(() => update(value, { named: true })).code).toBe("not-serializable");
    value["n"] = 1;
    value["m"] = 2;
    // What is held is the object itself, so a comparison would find nothing.
    expect(update(which === "same" ? value : { ...value }, { named: true })).toStrictEqual({ value: { n: 1, m: 2 } });
  });
});

test("in copy mode a copy is held, which finds what was changed in place, named or not", () => {
  const { logged, update } = hold({ snapshots: "copy" });
  const value = { list: [1] };
  update(value);
  expect(logged.toState()["s"]).not.toBe(value);
  for (const named of [false, true]) {
    value.list.push(2);
    expect(logged.text("s")).toBe(JSON.stringify({ list: value.list.slice(0, -1) }));
    expect(update(value, { named })).toMatchObject({ patches: [{ op: "add", value: 2 }] });
    expect(update(value, { named })).toBeUndefined();
  }
  expect(logged.patchableJson("s", value)).toBeUndefined();
});
