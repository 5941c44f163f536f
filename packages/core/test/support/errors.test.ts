import { describe, expect, test } from "vitest";
import { StateStreamError, textOf, withCause } from "../../src/support/errors.ts";

describe("StateStreamError", () => {
  test("is an Error with a code, the slice it happened to and its cause", () => {
    const cause = new TypeError("deep down");
    const error = new StateStreamError("not-serializable", "What to do.", { slice: "todos", cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "StateStreamError",
      code: "not-serializable",
      message: "What to do.",
      slice: "todos",
    });
    expect(error.cause).toBe(cause);
  });

  test("has no cause when it was given none, and keeps an undefined that was thrown", () => {
    expect(Object.hasOwn(new StateStreamError("stream-closed", "Closed."), "cause")).toBe(false);
    expect(Object.hasOwn(new StateStreamError("source-failed", "Threw.", { cause: undefined }), "cause")).toBe(true);
    expect(new StateStreamError("stream-closed", "Closed.").slice).toBeUndefined();
  });
});

test.each([
  [new RangeError("too far"), "too far"],
  ["a string", "a string"],
  [undefined, "undefined"],
  [null, "null"],
  [7, "7"],
  [Symbol("s"), "Symbol(s)"],
  [Object.create(null), "something without a text"],
])("textOf what was thrown is its text: %#", (thrown, text) => {
  expect(textOf(thrown)).toBe(text);
});

test.each([
  [new Error("it is full"), "The store threw: it is full. Nothing changed."],
  [new Error("It is full."), "The store threw: It is full. Nothing changed."],
  [new Error("Is it full? "), "The store threw: Is it full? Nothing changed."],
  [new Error('It said "full."'), 'The store threw: It said "full." Nothing changed.'],
  [new Error(""), "The store threw: without a message. Nothing changed."],
])("withCause puts exactly one full stop between a caught error and the consequence: %#", (thrown, message) => {
  expect(withCause("The store threw", thrown, "Nothing changed.")).toBe(message);
});

test("withCause ends with the caught error's text where there is no consequence", () => {
  expect(withCause("The store threw", new Error("full"))).toBe("The store threw: full.");
});
