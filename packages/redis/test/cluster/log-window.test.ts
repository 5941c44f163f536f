import { expect, test } from "vitest";
import { createTestClock } from "@statestream/core/testing";
import { continueStream, followStream } from "@statestream/core/backplane";
import type { Commit } from "../../src/cluster/engine.ts";
import { LogAge } from "../../src/cluster/log-age.ts";
import { LogWindow, WINDOW_MS } from "../../src/cluster/log-window.ts";

function entry(last: number, bytes = 1): Commit {
  return { epoch: "epoch", previous: "epoch", first: last, last, body: "x".repeat(bytes) };
}

function entries(count: number, bytes = 1): Commit[] {
  return Array.from({ length: count }, (_, index) => entry(index + 1, bytes));
}

test("the window ends with what costs more than a snapshot, but has the newest commit", () => {
  const window = new LogWindow();
  window.add(entries(3, 40_000), 0);
  expect(window.keepFrom).toBe(2);
  window.measured(200_000);
  window.add([entry(4, 40_000), entry(5, 40_000)], 0);
  expect(window.keepFrom).toBe(2);
  window.add([entry(6, 1_000_000)], 0);
  expect(window.keepFrom).toBe(6);
});

test("the window has about the newest 500 commits, and never more", () => {
  const window = new LogWindow();
  window.add(entries(600), 0);
  expect(window.keepFrom).toBeGreaterThanOrEqual(101);
  expect(window.keepFrom).toBeLessThanOrEqual(101 + 500 / 16 + 1);
});

test("the window has the commits of the last five minutes", () => {
  const window = new LogWindow();
  window.add([entry(1)], 0);
  window.add([entry(2)], WINDOW_MS);
  expect(window.keepFrom).toBe(1);
  window.add([entry(3)], WINDOW_MS + 1);
  expect(window.keepFrom).toBe(2);
});

test("commits that the engine has lost are not in the window until it has them again", () => {
  const window = new LogWindow();
  window.add(entries(3, 40_000), 0);
  window.remove([entry(3, 40_000)]);
  expect(window.keepFrom).toBe(2);
  window.remove([entry(2, 40_000)]);
  expect(window.keepFrom).toBe(0);
});

test("the log of a copy is limited to five minutes, but has the newest commit", () => {
  const testClock = createTestClock();
  const { clock } = testClock;
  const copy = followStream({ onWaiting: () => undefined }, clock);
  const continued = continueStream(
    { initialState: { count: 0 } },
    { epoch: "epoch000001", onCommit: (commit) => copy.position && copy.follow(commit) },
    clock,
  );
  copy.adopt(continued.checkpoint(), []);
  const age = new LogAge();
  for (let minute = 1; minute <= 10; minute++) {
    continued.stream.set("count", minute);
    age.limit(copy, clock.elapsed());
    testClock.advance(60_000);
  }
  // Made at minute 5 to 10 of ten.
  expect(copy.stats().logEvents).toBe(5);
  testClock.advance(10 * 60_000);
  age.limit(copy, clock.elapsed());
  testClock.advance(WINDOW_MS);
  age.limit(copy, clock.elapsed());
  expect(copy.stats().logEvents).toBe(1);
});
