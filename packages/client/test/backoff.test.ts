import { afterEach, expect, test, vi } from "vitest";
import { waitMs } from "../src/backoff.ts";

afterEach(() => void vi.restoreAllMocks());

function bounds(...wait: Parameters<typeof waitMs>): [number, number] {
  const random = vi.spyOn(Math, "random");
  const least = (random.mockReturnValue(0), waitMs(...wait));
  return [least, (random.mockReturnValue(1), waitMs(...wait))];
}

test("after an end in order the wait is the server's retry time, without jitter", () => {
  expect(bounds(0, 3000)).toStrictEqual([3000, 3000]);
});

test("before the server has sent a retry time the wait is two seconds", () => {
  expect(bounds(0)).toStrictEqual([2000, 2000]);
});

test.each([
  [1, 3000, 6000],
  [2, 3000, 9000],
  [3, 3000, 15_000],
  [4, 3000, 27_000],
  [5, 3000, 33_000],
  [2000, 3000, 33_000],
])(
  "after %i failures the wait is random between the server's retry time and an exponential limit",
  (failures, least, most) => {
    expect(bounds(failures, 3000)).toStrictEqual([least, most]);
  },
);

test("a server whose retry time exceeds the limit is not contacted sooner", () => {
  expect(bounds(1, 120_000)).toStrictEqual([120_000, 150_000]);
});

test("a server with a retry time of 0 is not contacted in a loop once it fails", () => {
  expect(bounds(0, 0)).toStrictEqual([0, 0]);
  expect(bounds(1, 0)).toStrictEqual([0, 1000]);
  expect(bounds(4, 0)).toStrictEqual([0, 8000]);
});

test("Retry-After is the shortest wait, to which a random part is added", () => {
  expect(bounds(1, 3000, 60_000)).toStrictEqual([60_000, 63_000]);
  expect(bounds(1, 3000, 10)).toStrictEqual([3000, 6000]);
});

test("a wait is never longer than timers can wait, since such a timer would fire at once", () => {
  expect(bounds(0, 1e15)).toStrictEqual([2 ** 31 - 1, 2 ** 31 - 1]);
  expect(bounds(1, undefined, 1e15)).toStrictEqual([2 ** 31 - 1, 2 ** 31 - 1]);
});
