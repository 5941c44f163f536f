import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MAX_TIMER_MS, systemClock } from "../../src/support/clock.ts";
import { parseEventId } from "../../src/protocol/event-id.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("now is milliseconds since 1970", () => {
  vi.setSystemTime(1_234_567);
  expect(systemClock.now()).toBe(1_234_567);
});

test("elapsed does not follow a clock that is set", () => {
  const before = systemClock.elapsed();
  vi.setSystemTime(0);
  expect(systemClock.elapsed()).toBe(before);
  vi.advanceTimersByTime(5);
  expect(systemClock.elapsed()).toBe(before + 5);
});

describe("after", () => {
  test("runs once, when the time has passed", () => {
    const fn = vi.fn<() => void>();
    systemClock.after(100, fn);
    vi.advanceTimersByTime(99);
    expect(fn).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  test("never runs once it is cancelled", () => {
    const fn = vi.fn<() => void>();
    systemClock.after(100, fn)();
    vi.advanceTimersByTime(1000);
    expect(fn).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([MAX_TIMER_MS + 1, Infinity])("waits for the longest that timers can rather than not at all: %d", (ms) => {
    const set = vi.spyOn(globalThis, "setTimeout");
    systemClock.after(ms, () => undefined);
    expect(set).toHaveBeenLastCalledWith(expect.any(Function), 2 ** 31 - 1);
  });

  test("keeps the process alive only on request", () => {
    const unref = vi.fn<() => void>();
    vi.stubGlobal("setTimeout", () => ({ unref }));
    systemClock.after(1, () => undefined, true);
    expect(unref).not.toHaveBeenCalled();
    systemClock.after(1, () => undefined);
    expect(unref).toHaveBeenCalledTimes(1);
  });

  test("works where a timer is a number", () => {
    const clear = vi.fn<() => void>();
    vi.stubGlobal("setTimeout", () => 7);
    vi.stubGlobal("clearTimeout", clear);
    systemClock.after(1, () => undefined)();
    expect(clear).toHaveBeenCalledWith(7);
  });
});

describe("defer", () => {
  test("runs once, in a later turn, in order", () => {
    const seen: number[] = [];
    systemClock.defer(() => seen.push(1));
    systemClock.defer(() => seen.push(2));
    expect(seen).toStrictEqual([]);
    vi.runAllTimers();
    expect(seen).toStrictEqual([1, 2]);
  });

  test("takes setImmediate where there is one, else a timer of no delay", () => {
    const immediate = vi.fn<() => void>();
    vi.stubGlobal("setImmediate", immediate);
    const timeout = vi.spyOn(globalThis, "setTimeout");
    const fn = vi.fn<() => void>();
    systemClock.defer(fn);
    expect(immediate).toHaveBeenCalledWith(fn);
    expect(timeout).not.toHaveBeenCalled();
    vi.stubGlobal("setImmediate", undefined);
    systemClock.defer(fn);
    expect(timeout).toHaveBeenCalledWith(fn, 0);
  });

  test("takes a timer where setImmediate throws, as in the edge runtime of Next.js", () => {
    vi.stubGlobal("setImmediate", () => {
      throw new Error("A Node.js API is used (setImmediate) which is not supported in the Edge Runtime.");
    });
    const fn = vi.fn<() => void>();
    systemClock.defer(fn);
    vi.runAllTimers();
    expect(fn).toHaveBeenCalledTimes(1);
  });
});

test("random is in [0, 1)", () => {
  for (let count = 0; count < 1000; count++) {
    const value = systemClock.random();
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(1);
  }
});

test("an epoch is 11 base64url characters, all 64 used, and no two are the same", () => {
  const epochs = Array.from({ length: 2000 }, () => systemClock.epoch());
  expect(new Set(epochs).size).toBe(2000);
  expect(new Set(epochs.join("")).size).toBe(64);
  for (const epoch of epochs) expect(parseEventId(`${epoch}.0`)).toMatchObject({ epoch });
});
