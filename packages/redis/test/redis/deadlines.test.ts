import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Deadlines } from "../../src/redis/deadlines.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a call that is not answered is late after the deadline, and one that is answered is not", () => {
  const deadlines = new Deadlines(1000);
  const late: string[] = [];
  deadlines.start(() => late.push("one"));
  deadlines.start(() => late.push("other"))();
  vi.advanceTimersByTime(999);
  expect(late).toStrictEqual([]);
  vi.advanceTimersByTime(200);
  expect(late).toStrictEqual(["one"]);
  vi.advanceTimersByTime(60_000);
  expect(late).toStrictEqual(["one"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("while other calls are answered, a call that waits behind them is not late, but not for ever", () => {
  const deadlines = new Deadlines(1000);
  let isLate = false;
  deadlines.start(() => (isLate = true));
  for (let passed = 0; passed < 9000; passed += 500) {
    vi.advanceTimersByTime(500);
    deadlines.answered();
  }
  expect(isLate).toBe(false);
  for (let passed = 0; passed < 2000; passed += 500) {
    vi.advanceTimersByTime(500);
    deadlines.answered();
  }
  expect(isLate).toBe(true);
});

test("time in which the process was busy does not count", () => {
  vi.useRealTimers();
  const deadlines = new Deadlines(500);
  let isLate = false;
  const cancel = deadlines.start(() => (isLate = true));
  return new Promise<void>((resolve) => {
    setTimeout(() => {
      const end = performance.now() + 700;
      while (performance.now() < end);
      setTimeout(() => {
        expect(isLate).toBe(false);
        cancel();
        resolve();
      }, 60);
    }, 10);
  });
});
