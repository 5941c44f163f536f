import { expect, test } from "vitest";
import { bytes, duration } from "../../page/src/format.ts";

test("bytes are shown in megabytes, and from a gigabyte on in gigabytes", () => {
  expect([bytes(49_000), bytes(85_340_000), bytes(16_800_000_000)]).toEqual(["0 MB", "85.3 MB", "16.8 GB"]);
});

test("durations are shown in the units that a reader would choose", () => {
  expect([duration(59.9), duration(61), duration(3725)]).toEqual(["59 s", "1 min", "1 h 2 min"]);
});
