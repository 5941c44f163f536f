import { expect, test } from "vitest";
import { checkOptionNames } from "../../src/support/option-names.ts";
import { errorOf } from "./values.ts";

const KNOWN = ["heartbeatMs", "maxAgeMs", "slices", "source"];

test("known options pass, whatever their values, and so does an empty object", () => {
  checkOptionNames("f", { slices: undefined, source: 1 }, KNOWN);
  checkOptionNames("f", {}, KNOWN);
  checkOptionNames("f", Object.create(null), KNOWN);
});

test.each(["heartbeat", "timeout", "", "x".repeat(100_000), "__proto__"])(
  "an unknown option is refused, naming those that there are: %.20s",
  (name) => {
    const error = errorOf(() => checkOptionNames("f", Object.fromEntries([[name, 1]]), KNOWN));
    expect([error.code, error.message]).toStrictEqual([
      "invalid-option",
      `f has no option "${name}". Its options are heartbeatMs, maxAgeMs, slices, source.`,
    ]);
  },
);

test.each([
  [undefined, "undefined"],
  [null, "null"],
  [[], "an array"],
  ["x", "string"],
  [() => 1, "function"],
])("%o in place of the options is refused", (options, given) => {
  const error = errorOf(() => checkOptionNames("f", options, KNOWN));
  expect([error.code, error.message]).toStrictEqual([
    "invalid-option",
    `f needs an object of options; it was given ${given}.`,
  ]);
});
