import { expect, test } from "vitest";
import { type History, NO_HISTORY, withSample } from "../../page/src/model/history.ts";
import { readSystem } from "../../src/system.ts";

test("keeps what the charts show, and what leads into it", () => {
  const sample = readSystem({ connections: 0, bytesWritten: 0 }, 0);
  let history: History = NO_HISTORY;
  for (let second = 0; second < 200; second++) history = withSample(history, second, sample);
  expect(history.times[0]).toBe(138);
  expect(history.times.at(-1)).toBe(199);
  expect(history.samples).toHaveLength(history.times.length);
  expect(withSample(history, 1000, sample).times).toEqual([1000]);
});
