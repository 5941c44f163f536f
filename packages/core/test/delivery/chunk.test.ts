import { expect, test } from "vitest";
import { Chunk } from "../../src/delivery/chunk.ts";

test("a chunk of nothing is one part of no bytes, and has no events", () => {
  const chunk = new Chunk([]);
  expect(chunk.segments).toStrictEqual([new Uint8Array(0)]);
  expect([chunk.large, chunk.events]).toStrictEqual([false, []]);
});
