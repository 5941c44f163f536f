import { expect, test } from "vitest";
import type { StateChange } from "../../src/index.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { updatesOf } from "../support/read.ts";

function noisy(options: { snapshots?: "copy" } = {}) {
  let state: Record<string, unknown> = { n: 0, other: 0 };
  let listener: (change?: StateChange) => void = () => undefined;
  let reads = 0;
  const clock = createTestClock();
  const source = {
    getState: () => {
      reads++;
      return state;
    },
    subscribe: (fn: (change?: StateChange) => void) => {
      listener = fn;
      return () => undefined;
    },
  };
  const stream = clock.createStateStream({ source, maxRateHz: 2, ...options });
  const connection = stream.connect();
  updatesOf(connection);
  const become = (next: Record<string, unknown>, change?: StateChange) => {
    state = { ...state, ...next };
    listener(change);
  };
  return { clock, stream, become, updates: () => updatesOf(connection), reads: () => reads, state: () => state, notify: (change?: StateChange) => listener(change) }; // prettier-ignore
}

test("commits the first change of a source at once, the last one always, and those in between together", () => {
  const { clock, become, updates, stream } = noisy();
  become({ n: 1 }, { slice: "n", cause: { type: "first" } });
  expect(updates()).toStrictEqual([{ slice: "n", value: 1, cause: { type: "first" } }]);
  for (let n = 2; n <= 9; n++) become({ n }, { slice: "n", cause: { type: "tick" } });
  become({ other: 1 });
  clock.advance(499);
  expect(updates()).toStrictEqual([]);
  clock.advance(1);
  expect(updates()).toStrictEqual([{ slice: "n", value: 9, more: true }, { slice: "other", value: 1 }]); // prettier-ignore
  clock.advance(5000);
  become({ n: 10 });
  expect(updates()).toStrictEqual([{ slice: "n", value: 10 }]);
  expect(stream.stats().events).toBe(4);
});

test("is not starved by constant change", () => {
  const { clock, become, stream } = noisy();
  for (let n = 1; n <= 300; n++) {
    become({ n });
    clock.advance(10);
  }
  expect(stream.stats().events).toBe(7);
});

test("keeps the cause of a change that waited alone", () => {
  const { clock, become, updates } = noisy();
  become({ n: 1 });
  become({ n: 2 }, { slice: "n", cause: { type: "second" } });
  clock.advance(500);
  expect(updates()).toStrictEqual([{ slice: "n", value: 1 }, { slice: "n", value: 2, cause: { type: "second" } }]); // prettier-ignore
});

test("finds a slice that was mutated in place and named, also beside a change that names none", () => {
  const { clock, become, updates, state, notify } = noisy();
  become({ doc: { n: 1 } });
  updates();
  (state()["doc"] as { n: number }).n = 2;
  notify({ slice: "doc" });
  become({ other: 1 });
  clock.advance(500);
  expect(updates().map(({ slice, value }) => [slice, value])).toStrictEqual(expect.arrayContaining([["other", 1], ["doc", { n: 2 }]])); // prettier-ignore
});

test("commits what waits before the stream closes", async () => {
  const { clock, become, updates, stream } = noisy();
  become({ n: 1 });
  become({ n: 2 });
  const closed = stream.close();
  expect(updates()).toStrictEqual([{ slice: "n", value: 1 }, { slice: "n", value: 2 }]); // prettier-ignore
  clock.advance(1000);
  await closed;
  expect(stream.stats().events).toBe(2);
});

test("maxRateHz is refused without a source, and where it is no rate", () => {
  const { createStateStream } = createTestClock();
  const source = { getState: () => ({}), subscribe: () => () => undefined };
  expect(() => createStateStream({ initialState: {}, maxRateHz: 2 } as never)).toThrow(/maxRateHz.*is for a source/);
  for (const maxRateHz of [0, NaN, 0.4, 2000])
    expect(() => createStateStream({ source, maxRateHz })).toThrow(/maxRateHz/);
});
