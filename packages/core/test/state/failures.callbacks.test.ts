import { expect, test, vi } from "vitest";
import { createTestClock } from "../../src/state/testing.ts";
import { collector, followed, setup, type Slices, thrownBy } from "../support/streams.ts";

test("when a differ throws, the value is sent instead, and the error is reported", () => {
  const { errors, onError } = collector();
  const differ = (): never => {
    throw new Error("sentinel");
  };
  const { stream } = setup({ a: { n: 1 } }, { differ, onError });
  const { pull } = followed(stream);
  stream.set("a", { n: 2 });
  expect(pull()).toMatchObject([{ value: { n: 2 } }]);
  expect(errors).toMatchObject([{ code: "differ-failed", slice: "a" }]);
});

test("when a differ gives up, the value is sent, and nothing is reported", () => {
  const { errors, onError } = collector();
  const { stream } = setup({ a: { n: 1 } }, { differ: () => undefined, onError });
  const { pull } = followed(stream);
  stream.set("a", { n: 2 });
  expect(pull()).toMatchObject([{ value: { n: 2 } }]);
  expect(errors).toEqual([]);
});

test("an onError that throws harms nobody", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const onError = (): never => {
    throw new Error("worse");
  };
  const { stream } = setup({ a: 1, b: 1 }, { onError });
  const { pull } = followed(stream);
  stream.batch(() => {
    stream.set("a", 1n);
    stream.set("b", 2);
  });
  expect(pull()).toHaveLength(1);
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});

test("without onError, what fails in a source is one process warning, however often", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  let state: Slices = { a: 1 };
  let notify: () => void = () => {};
  const stream = createTestClock().createStateStream<Slices>({
    source: { getState: () => state, subscribe: (listener) => ((notify = listener), () => {}) },
  });
  for (let n = 0; n < 5; n++) {
    state = { a: { n: 1n } };
    notify();
  }
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[1]).toBe("StateStreamWarning");
  expect(stream.stats().errors).toBe(5);
  warn.mockRestore();
});

test("errors say what to do and carry what was thrown", () => {
  const { stream } = setup({ a: 1 });
  const error = thrownBy(() => stream.set("a", 1n)) as Error;
  expect(error.message).toContain('slice "a"');
  expect(error.message).toContain("keeps its previous value");
  expect(error.cause).toBeInstanceOf(TypeError);
});

test.each([
  ["heartbeatMs", 0],
  ["heartbeatMs", "15"],
  ["maxLogEvents", -1],
  ["maxStallMs", Number.NaN],
  ["slices", "a"],
  ["slices", [1]],
  ["differ", {}],
  ["cause", true],
  ["snapshots", "deep"],
  ["onError", 1],
])("the option %s throws for %j", (name, value) => {
  expect(thrownBy(() => setup({ a: 1 }, { [name]: value }))).toMatchObject({ code: "invalid-option" });
});

test("a stream with neither a source nor a first state throws", () => {
  const { createStateStream } = createTestClock();
  for (const wrong of [{}, { source: {} }, { source: { getState: () => ({}) } }]) {
    expect(thrownBy(() => createStateStream(wrong as never))).toMatchObject({ code: "invalid-option" });
  }
  const source = { getState: () => ({}), subscribe: () => undefined };
  expect(thrownBy(() => createStateStream({ source } as never))).toMatchObject({ code: "invalid-option" });
});

test("connect's slices must be names", () => {
  const { stream } = setup({ a: 1 });
  for (const slices of ["a", [1], {}]) {
    expect(thrownBy(() => stream.connect({ slices: slices as never }))).toMatchObject({ code: "invalid-option" });
  }
});
