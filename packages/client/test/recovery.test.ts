import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StateClientError, type StateClientErrorCode } from "../src/errors.ts";
import { Recovery } from "../src/recovery.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function errorOf(code: StateClientErrorCode, details?: { httpStatus?: number; retryAfterMs?: number }) {
  return new StateClientError(code, "for the test", details);
}

function recovery(): Recovery {
  const recovery = new Recovery();
  recovery.retryMs = 2000;
  return recovery;
}

test("after a connection that worked and ended as announced it waits for the server's retry time", () => {
  const it = recovery();
  it.worked();
  expect(it.remedy(undefined)).toStrictEqual(2000);
  it.worked();
  expect(it.remedy(undefined)).toStrictEqual(2000);
});

test("announced ends before anything worked are failures: an overloaded server gets fewer and fewer requests", () => {
  const it = recovery();
  it.worked();
  expect([1, 2, 3, 4].map(() => it.remedy(undefined))).toStrictEqual([2000, 3000, 4000, 6000]);
});

test.each<StateClientErrorCode>(["network", "timeout", "http", "not-a-stream", "headers"])(
  "%s is tried again, later each time, until it has worked for half a minute",
  (code) => {
    const it = recovery();
    expect(it.remedy(errorOf(code))).toStrictEqual(3000);
    expect(it.remedy(errorOf(code))).toStrictEqual(4000);
    it.worked();
    vi.advanceTimersByTime(29_999);
    expect(it.remedy(errorOf(code))).toStrictEqual(6000);
    it.worked();
    vi.advanceTimersByTime(30_000);
    expect(it.remedy(errorOf(code))).toStrictEqual(3000);
  },
);

test("Retry-After is waited for", () => {
  expect(recovery().remedy(errorOf("http", { retryAfterMs: 60_000 }))).toStrictEqual(61_000);
});

test.each<StateClientErrorCode>(["refused", "ended"])("%s is final", (code) => {
  const error = errorOf(code);
  expect(recovery().remedy(error)).toBe(error);
});

test("401 requests headers at once, a second 401 is final, and a connection that worked resets the count", () => {
  const it = recovery();
  const error = errorOf("http", { httpStatus: 401 });
  expect(it.remedy(error)).toStrictEqual(0);
  it.worked();
  expect(it.remedy(error)).toStrictEqual(0);
  expect(it.remedy(errorOf("network"))).toBeTypeOf("number");
  expect(it.remedy(error)).toMatchObject({ code: "refused", httpStatus: 401, cause: error });
});

test("the first resync is made at once, the next ones wait", () => {
  const it = recovery();
  expect(it.remedy(errorOf("resync"))).toStrictEqual(0);
  expect(it.remedy(errorOf("resync"))).toStrictEqual(4000);
});

test("what is not the protocol waits from the first time", () => {
  expect(recovery().remedy(errorOf("protocol"))).toStrictEqual(3000);
});

test.each<StateClientErrorCode>(["resync", "protocol"])(
  "the sixth %s in a minute is final, also when it worked in between",
  (code) => {
    const it = recovery();
    for (let count = 1; count <= 5; count++) {
      expect(it.remedy(errorOf(code))).toBeTypeOf("number");
      it.worked();
      vi.advanceTimersByTime(12_000);
    }
    const error = errorOf(code);
    expect(it.remedy(error)).toMatchObject({ code: "diverged", cause: error });
  },
);

test("five resyncs a minute are not too many, however long they continue", () => {
  const it = recovery();
  for (let count = 1; count <= 50; count++) {
    expect(it.remedy(errorOf("resync"))).toBeTypeOf("number");
    it.worked();
    vi.advanceTimersByTime(12_001);
  }
});
