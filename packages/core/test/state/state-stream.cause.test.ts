import { expect, test } from "vitest";
import type { Cause, StateUpdateEvent } from "../../src/index.ts";
import { chunksOf, collector, followed, setup, textOf } from "../support/streams.ts";

const SENTINEL = "sentinel-of-a-payload";
const cause: Cause = { type: "added", id: 7, payload: { password: SENTINEL } };

test("by default clients see a cause's type and id, and no payload ever crosses the wire", () => {
  const { stream } = setup({ a: 0, b: { n: 0 } });
  const { connection } = followed(stream);
  const more = { ...cause, meta: SENTINEL, [SENTINEL]: 1 };
  stream.set("a", 1, more);
  stream.patch("b", [{ op: "replace", path: "/n", value: 1 }], more);
  stream.batch(() => stream.set("a", 2), more);
  stream.remove("b", more);
  const text = textOf(chunksOf(connection)) + textOf(chunksOf(stream.connect()));
  expect(text).not.toContain(SENTINEL);
  expect(text.match(/"cause":\{"type":"added","id":7\}/g)).toHaveLength(4);
});

test("an event has no id in its cause where the cause has none, and no cause member where there is no cause", () => {
  const { stream } = setup({ a: 0 });
  const { pull } = followed(stream);
  stream.set("a", 1, { type: "x" });
  stream.set("a", 2);
  const [one, two] = pull() as StateUpdateEvent[];
  expect(one?.cause).toEqual({ type: "x" });
  expect(two).not.toHaveProperty("cause");
});

test("the option `cause` decides, slice by slice", () => {
  const asked: unknown[] = [];
  const { stream } = setup(
    { open: 0, secret: 0 },
    {
      cause: (given, { slice }) => {
        asked.push([given, slice]);
        return slice === "open" ? given : undefined;
      },
    },
  );
  const { pull } = followed(stream);
  stream.batch(() => {
    stream.set("open", 1);
    stream.set("secret", 1);
  }, cause);
  expect(pull().map((event) => "cause" in event && event.cause)).toEqual([cause, false]);
  expect(asked).toEqual([
    [cause, "open"],
    [cause, "secret"],
  ]);
});

test("a change's own cause goes before its batch's", () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream);
  stream.batch(
    () => {
      stream.set("a", 1, { type: "own" });
      stream.set("b", 1);
    },
    { type: "batch" },
  );
  expect(pull()).toMatchObject([{ cause: { type: "own" } }, { cause: { type: "batch" } }]);
});

test("a cause function that throws, or gives what JSON cannot carry, loses the cause and not the change", () => {
  for (const wrong of [
    () => {
      throw new Error("no");
    },
    () => ({ type: "x", payload: 1n }),
  ]) {
    const { errors, onError } = collector();
    const { stream } = setup({ a: 0 }, { cause: wrong, onError });
    const { pull } = followed(stream);
    stream.set("a", 1, cause);
    expect(pull()).toMatchObject([{ slice: "a", value: 1 }]);
    expect(errors).toMatchObject([{ code: "cause-failed", slice: "a" }]);
  }
});

test("the option `cause` is not called when nothing changed", () => {
  let asked = 0;
  const { stream } = setup({ a: { n: 1 } }, { cause: (given) => (asked++, given) });
  stream.set("a", { n: 1 }, cause);
  expect(asked).toBe(0);
});

test.each([["a string"], [null], [{}], [{ type: 1 }], [[]]])("%j does not count as a cause", (wrong) => {
  const { stream } = setup({ a: 0 });
  expect(() => stream.set("a", 1, wrong as unknown as Cause)).toThrow(
    expect.objectContaining({ code: "invalid-option" }),
  );
  expect(stream.state).toEqual({ a: 0 });
});

test("coalesced states drop their causes", () => {
  const { stream } = setup({ a: 0 });
  stream.set("a", 1, cause);
  expect(textOf(chunksOf(stream.connect()))).not.toContain("added");
});
