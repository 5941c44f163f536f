import { expect, test } from "vitest";
import { createStateStream } from "../../src/index.ts";
import { errorOf } from "../support/values.ts";

const source = { getState: () => ({ a: 1 }), subscribe: () => () => undefined };
const create = createStateStream as (options?: unknown) => unknown;

test.each<[string, unknown, RegExp]>([
  ["no options", undefined, /needs an object of options; it was given undefined/],
  ["the state in place of the options", [1], /it was given an array/],
  ["a store in place of the options", source, /has no option "getState"/],
  ["neither a state nor a source", {}, /needs the option initialState, .* or source/],
  ["a source that is undefined", { source: undefined }, /needs the option initialState, .* or source/],
  ["a misspelt option", { initialState: {}, heartbeat: 5 }, /no option "heartbeat"\. Its options are .*heartbeatMs/],
  ["both a source and a state", { source, initialState: { a: 2 } }, /leave out initialState/],
  ["a source without subscribe", { source: { getState: source.getState } }, /must have the methods getState and/],
  ["a source that is null", { source: null }, /must have the methods getState and subscribe/],
])("%s is refused at once, with what to do", (_name, options, why) => {
  const error = errorOf(() => create(options));
  expect(error.code).toBe("invalid-option");
  expect(error.message).toMatch(why);
});

test("an option that is undefined counts as left out", () => {
  const stream = createStateStream({ source, initialState: undefined, slices: undefined } as never);
  expect((stream as { state: unknown }).state).toEqual({ a: 1 });
});
