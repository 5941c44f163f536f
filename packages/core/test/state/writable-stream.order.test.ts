import { expect, test } from "vitest";
import type { Differ, StateUpdateEvent } from "../../src/index.ts";
import { fastJsonPatch } from "../../src/index.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { follow, followed, setup, type Setup, type Slices } from "../support/streams.ts";

/** Where a change can be made while another is under way. */
const places: Record<string, (change: () => void) => Setup> = {
  "the slices function": (change) =>
    setup(
      { a: { n: 0 }, b: 0 },
      {
        slices: (state) => {
          if ((state["a"] as { n: number }).n === 1) change();
          return ["a", "b"];
        },
      },
    ),
  "the differ": (change) => {
    const differ: Differ = (before, after) => {
      change();
      return fastJsonPatch(before, after);
    };
    return setup({ a: { n: 0 }, b: 0 }, { differ });
  },
  "the cause function": (change) => setup({ a: { n: 0 }, b: 0 }, { cause: (cause) => (change(), cause) }),
  serialize: (change) =>
    setup(
      { a: { n: 0 }, b: 0 },
      {
        serialize: (value, slice) => {
          if (slice === "a" && (value as { n: number }).n === 1) change();
          return JSON.stringify(value);
        },
      },
    ),
  onError: (change) => {
    const differ: Differ = () => {
      throw new Error("no");
    };
    return setup({ a: { n: 0 }, b: 0 }, { differ, onError: change });
  },
};

test.each(Object.entries(places))(
  "a change made inside %s comes after the one under way, for everybody",
  (_, place) => {
    let done = false;
    const { stream } = place(() => {
      if (done) return;
      done = true;
      stream.set("b", 1);
      // It has its turn later.
      expect(stream.state).toEqual({ a: { n: 0 }, b: 0 });
    });
    const followers = [followed(stream), followed(stream, { slices: ["b", "a"] })];
    stream.set("a", { n: 1 }, { type: "outer" });
    expect(done).toBe(true);
    for (const { pull, client } of followers) {
      expect((pull() as StateUpdateEvent[]).map(({ slice, more }) => [slice, more])).toEqual([
        ["a", undefined],
        ["b", undefined],
      ]);
      expect(client.state).toEqual({ a: { n: 1 }, b: 1 });
    }
  },
);

test("a change made inside an updater comes after it, and is not lost", () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream);
  stream.set("a", (a: unknown) => {
    stream.set("a", 100);
    stream.set("b", 1);
    return (a as number) + 1;
  });
  expect(pull()).toMatchObject([{ value: 1 }, { value: 100 }, { slice: "b" }]);
  expect(stream.state).toEqual({ a: 100, b: 1 });
});

test("a batch made inside an updater is a commit of its own, after it", () => {
  const { stream } = setup({ a: 0, b: 0, c: 0 });
  const { pull } = followed(stream);
  stream.set("a", () => {
    stream.batch(() => {
      stream.set("b", 1);
      stream.set("c", 1);
    });
    return 1;
  });
  expect((pull() as StateUpdateEvent[]).map(({ slice, more }) => [slice, more])).toEqual([
    ["a", undefined],
    ["b", true],
    ["c", undefined],
  ]);
});

test("a change made inside a change that fails still comes", () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream);
  expect(() =>
    stream.set("a", () => {
      stream.set("b", 1);
      throw new Error("mine");
    }),
  ).toThrow("mine");
  expect(pull()).toMatchObject([{ slice: "b", value: 1 }]);
});

test("a store whose listener changes it again has one order of changes for every client", () => {
  const clock = createTestClock();
  let state: Slices = { a: 0, b: 0 };
  const listeners = new Set<() => void>();
  const set = (next: Slices): void => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };
  listeners.add(() => {
    if (state["a"] === 1 && state["b"] === 0) set({ b: 1 });
  });
  const stream = clock.createStateStream<Slices>({
    source: {
      getState: () => state,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  });
  listeners.add(() => {
    if (state["b"] === 1 && state["a"] === 1) set({ a: 2 });
  });
  const followers = [followed(stream), followed(stream)];
  set({ a: 1 });
  const orders = followers.map(({ pull }) => pull().map((event) => "slice" in event && [event.slice, event.value]));
  expect(orders[0]).toEqual(orders[1]);
  for (const { client } of followers) expect(client.state).toEqual({ a: 2, b: 1 });
});

test("a change made while connections are notified is in the next flush, for those notified before and after", () => {
  const { stream, clock } = setup({ n: 0 });
  const followers = Array.from({ length: 3 }, () => follow(stream));
  for (const { connection, pull } of followers) {
    connection.onReadable(() => {
      pull();
      stream.set("n", (n: unknown) => Math.min((n as number) + 1, 9));
    });
  }
  clock.flush();
  for (const { client } of followers) expect(client.state).toEqual({ n: 9 });
});
