import { expect, test } from "vitest";
import { hold } from "../support/hold.ts";
import { structural } from "../support/compare.ts";

test("a number that no double holds, in the text of serialize, is null in snapshots and in patches", () => {
  const { logged, update } = hold({ compare: structural, serialize: (value) => String(value) });
  update('{"n":1,"m":[1]}');
  expect(update('{"n":1e999,"m":[-1e999]}')).toStrictEqual({
    patches: [
      { op: "replace", path: "/n", value: null },
      { op: "replace", path: "/m/0", value: null },
    ],
  });
  expect(logged.text("s")).toBe('{"n":null,"m":[null]}');
});
