import { describe, expect, test } from "vitest";
import { StateStreamError, textOf } from "../../src/support/errors.ts";

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
