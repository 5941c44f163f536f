import { expect, test } from "vitest";
import type { StateUpdateEvent } from "../../src/index.ts";
import { followed, setup, thrownBy } from "../support/streams.ts";

test("set sends patches where both values are objects or both are arrays, and a value elsewhere", () => {
  const { stream } = setup({ a: { n: 1, m: 1 } });
  const { pull, client } = followed(stream);
  for (const value of [{ n: 2, m: 1 }, [1], [1, 2], {}, null, 5, 6, "text", false, true]) stream.set("a", value);
  const kinds = (pull() as StateUpdateEvent[]).map((event) => (event.patches === undefined ? "value" : "patches"));
  expect(kinds).toEqual(["patches", "value", "patches", "value", "value", "value", "value", "value", "value", "value"]);
  expect(client.state).toEqual({ a: true });
});

test("no event is sent when nothing changed in JSON terms", () => {
  const { stream } = setup({ a: { n: 1, list: [1, null], none: null } });
  const { pull } = followed(stream);
  stream.set("a", { list: [1, undefined], n: 1, none: Number.NaN, gone: undefined });
  stream.set("a", (value: unknown) => structuredClone(value));
  expect(pull()).toEqual([]);
  expect(stream.stats().events).toBe(0);
});

test("an updater is given the current value, and what it throws goes to the caller and changes nothing", () => {
  const { stream } = setup({ n: 1 });
  const { pull } = followed(stream);
  stream.set("n", (n: unknown) => (n as number) + 1);
  stream.set("n", (n: unknown) => (n as number) * 10);
  expect(stream.state).toEqual({ n: 20 });
  const error = new Error("mine");
  expect(
    thrownBy(() =>
      stream.set("n", () => {
        throw error;
      }),
    ),
  ).toBe(error);
  expect(pull()).toHaveLength(2);
  stream.set("n", 3);
  expect(stream.state).toEqual({ n: 3 });
});

test("setting undefined removes the slice, and removing an absent slice does nothing", () => {
  const { stream } = setup({ a: 1, b: 1, c: 1 });
  const { pull, client } = followed(stream);
  stream.set("a", undefined);
  stream.remove("c");
  expect(pull()).toMatchObject([
    { slice: "a", removed: true },
    { slice: "c", removed: true },
  ]);
  stream.remove("c");
  stream.set("never", undefined);
  expect(pull()).toEqual([]);
  expect(client.state).toEqual({ b: 1 });
});

test("an updater that returns undefined throws and changes nothing, also in a batch, since a return was forgotten", () => {
  const { stream } = setup({ a: [1], b: 1 });
  const { pull } = followed(stream);
  const forgetful = (): void => stream.set("a", (a: unknown) => void (a as number[]).slice(1));
  expect(thrownBy(forgetful)).toMatchObject({ code: "invalid-option", slice: "a" });
  expect(thrownBy(forgetful)).toMatchObject({ message: expect.stringContaining('call remove("a")') as string });
  expect(thrownBy(() => stream.batch(() => (stream.set("b", 2), forgetful())))).toMatchObject({ slice: "a" });
  expect(pull()).toMatchObject([{ slice: "b", value: 2 }]);
  expect(stream.state).toEqual({ a: [1], b: 2 });
});

test("a value that JSON leaves out removes the slice: a function, a symbol, a toJSON that gives undefined", () => {
  const { stream } = setup({ a: 1, b: 1, c: 1 });
  const { pull, client } = followed(stream);
  stream.set("a", () => () => 1);
  stream.set("b", Symbol("s"));
  stream.set("c", { toJSON: () => undefined });
  pull();
  expect(client.state).toEqual({});
});

test("patch sends its operations as they are, and compares nothing", () => {
  let asked = 0;
  const { stream } = setup({ list: [{ n: 1 }] }, { differ: () => (asked++, undefined) });
  const { pull, client } = followed(stream);
  const operations = [
    { op: "test", path: "/0/n", value: 1 },
    { op: "replace", path: "/0/n", value: 2 },
    { op: "add", path: "/-", value: { n: 3 } },
  ] as const;
  stream.patch("list", operations);
  expect(pull()).toMatchObject([{ patches: operations.slice(1) }]);
  expect(client.state).toEqual({ list: [{ n: 2 }, { n: 3 }] });
  expect(asked).toBe(0);
});

test("a patch of which one operation fails changes nothing", () => {
  const { stream } = setup({ list: [1] });
  const { pull } = followed(stream);
  const wrong = [
    { op: "add", path: "/-", value: 2 },
    { op: "remove", path: "/7" },
  ] as const;
  expect(thrownBy(() => stream.patch("list", wrong))).toMatchObject({ code: "invalid-patch", slice: "list" });
  expect(stream.state).toEqual({ list: [1] });
  expect(pull()).toEqual([]);
});

test("patch of an absent slice throws unknown-slice", () => {
  const { stream } = setup({ a: 1 });
  expect(thrownBy(() => stream.patch("b", []))).toMatchObject({ code: "unknown-slice", slice: "b" });
  stream.remove("a");
  expect(thrownBy(() => stream.patch("a", []))).toMatchObject({ code: "unknown-slice" });
  expect(thrownBy(() => stream.patch("toString", []))).toMatchObject({ code: "unknown-slice" });
});

test("operations that change nothing make no event", () => {
  const { stream } = setup({ a: { n: 1 } });
  const { pull } = followed(stream);
  stream.patch("a", []);
  stream.patch("a", [{ op: "test", path: "/n", value: 1 }]);
  stream.patch("a", [
    { op: "add", path: "/m", value: 1 },
    { op: "remove", path: "/m" },
  ]);
  expect(pull()).toEqual([]);
});

test("operations passed to patch may be mutated afterwards", () => {
  const { stream } = setup({ list: [] as unknown[] });
  const { pull, client } = followed(stream);
  const value = { n: 1 };
  stream.patch("list", [{ op: "add", path: "/-", value }]);
  value.n = 99;
  stream.patch("list", [{ op: "add", path: "/-", value: 2 }]);
  pull();
  expect(client.state).toEqual({ list: [{ n: 1 }, 2] });
  expect(stream.state).toEqual({ list: [{ n: 1 }, 2] });
});

test("set after patch and patch after set each build on the other", () => {
  const { stream } = setup({ a: { list: [1] } });
  const { pull, client } = followed(stream);
  stream.patch("a", [{ op: "add", path: "/list/-", value: 2 }]);
  stream.set("a", (value: unknown) => ({ ...(value as object), n: 1 }));
  stream.patch("a", [{ op: "remove", path: "/list/0" }]);
  expect((pull() as StateUpdateEvent[]).every(({ patches }) => patches !== undefined)).toBe(true);
  expect(client.state).toEqual({ a: { list: [2], n: 1 } });
});

test("a slice's name that is not a string is refused", () => {
  const { stream } = setup({ a: 1 });
  for (const name of [undefined, null, 1, {}] as unknown[]) {
    expect(thrownBy(() => stream.set(name as string, 1))).toMatchObject({ code: "invalid-option" });
  }
});

test("the first state must be an object of slices", () => {
  for (const wrong of [null, [], "text", 5]) {
    expect(thrownBy(() => setup(wrong as never))).toMatchObject({ code: "invalid-state" });
  }
});
