import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Watchdog } from "../src/watchdog.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function started(): { watchdog: Watchdog; silences: number[] } {
  const silences: number[] = [];
  const watchdog = new Watchdog((ms) => silences.push(ms));
  watchdog.start();
  return { watchdog, silences };
}

test("reports after two and a half heartbeats of 15 seconds until it gets another interval", () => {
  const { silences } = started();
  vi.advanceTimersByTime(37_499);
  expect(silences).toStrictEqual([]);
  vi.advanceTimersByTime(1);
  expect(silences).toStrictEqual([37_500]);
});

test("reports after two and a half of the intervals that it gets", () => {
  const { watchdog, silences } = started();
  watchdog.expect(1000);
  vi.advanceTimersByTime(2499);
  expect(silences).toStrictEqual([]);
  vi.advanceTimersByTime(1);
  expect(silences).toStrictEqual([2500]);
});

test("counts from the last time that something was heard", () => {
  const { watchdog, silences } = started();
  watchdog.expect(1000);
  vi.advanceTimersByTime(2000);
  watchdog.heard();
  vi.advanceTimersByTime(2499);
  expect(silences).toStrictEqual([]);
  vi.advanceTimersByTime(1);
  expect(silences).toStrictEqual([2500]);
});

test("a new attempt starts from 15 seconds again", () => {
  const { watchdog, silences } = started();
  watchdog.expect(1000);
  watchdog.start();
  vi.advanceTimersByTime(37_499);
  expect(silences).toStrictEqual([]);
  vi.advanceTimersByTime(1);
  expect(silences).toStrictEqual([37_500]);
});

test("reports at the first check after a sleep in which timers stood still, since it reads the clock", () => {
  const { watchdog, silences } = started();
  vi.setSystemTime(1_000_000 + 3_600_000);
  watchdog.look();
  expect(silences).toStrictEqual([3_600_000]);
});

test("a clock that is set back delays it by no more than one limit", () => {
  const { watchdog, silences } = started();
  vi.setSystemTime(1000);
  watchdog.look();
  vi.advanceTimersByTime(37_500);
  expect(silences).toStrictEqual([37_500]);
});

test.each([2 ** 31 - 1, Number.MAX_VALUE])("an interval of %d ms is waited for without a busy loop", (interval) => {
  const { watchdog, silences } = started();
  const setTimer = vi.spyOn(globalThis, "setTimeout");
  watchdog.expect(interval);
  vi.advanceTimersByTime(1000);
  expect(silences).toStrictEqual([]);
  expect(setTimer).toHaveBeenCalledTimes(1);
  expect(setTimer.mock.lastCall?.[1]).toBe(2 ** 31 - 1);
});

test.each([0, -1, Number.NaN])("an interval of %d is ignored", (interval) => {
  const { watchdog, silences } = started();
  watchdog.expect(interval);
  vi.advanceTimersByTime(37_499);
  expect(silences).toStrictEqual([]);
});

test("is silent once stopped", () => {
  const { watchdog, silences } = started();
  watchdog.stop();
  vi.advanceTimersByTime(100_000);
  expect(silences).toStrictEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
