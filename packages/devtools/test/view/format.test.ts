import { expect, test } from "vitest";
import { bytes, count } from "../../src/view/format.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [12_345, "12.3 kB"],
  [123_456, "123 kB"],
  [999_600, "1.00 MB"],
  [25_300_000_000, "25.3 GB"],
])("%d bytes are shown as %s", (value, text) => {
  expect(bytes(value)).toBe(text);
});

test("counts have separators and a plural", () => {
  expect([count(1, "event"), count(1200, "event")]).toEqual(["1 event", "1,200 events"]);
});
