import { expect, test } from "vitest";
import type { StateStreamError } from "../../src/index.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { collector, follow, followed, setup, type Slices, thrownBy } from "../support/streams.ts";

/** Shows what the slice "gate" names. */
function gated(state: Slices): string[] {
  const names = (state["gate"] as { show?: unknown } | undefined)?.show;
  if (!Array.isArray(names)) throw new Error("There is no gate.");
  return ["gate", ...(names as string[])];
}

test("the slices function is never called with a value that was rejected", () => {
  const { stream, clock } = setup({ gate: { show: [] }, secret: "sentinel" }, { slices: gated });
  const { pull, client } = followed(stream);
  expect(thrownBy(() => stream.set("gate", { show: ["secret"], broken: 1n }))).toMatchObject({
    code: "not-serializable",
    slice: "gate",
  });
  clock.flush();
  expect(pull()).toEqual([]);
  expect(followed(stream).client.state).toEqual({ gate: { show: [] } });
  expect(client.state).toEqual({ gate: { show: [] } });
});

test("a slice that only the failing value would have hidden is delivered", () => {
  const { stream } = setup({ gate: { show: ["a", "new"] } }, { slices: gated });
  const { pull, client } = followed(stream);
  const change = (): void => {
    stream.set("new", 1);
    stream.set("gate", { show: [], broken: 1n });
  };
  expect(thrownBy(() => stream.batch(change))).toMatchObject({ slice: "gate" });
  expect(pull()).toMatchObject([{ slice: "new", value: 1 }]);
  expect(client.state).toEqual({ gate: { show: ["a", "new"] }, new: 1 });
});

test("a value that fails when the previous visibility is restored is put back too", () => {
  const { errors, onError } = collector();
  const { stream } = setup({ gate: { show: ["a"] }, a: 5 }, { slices: gated, onError });
  stream.batch(() => {
    stream.set("a", 1n);
    stream.set("gate", { show: [], broken: 1n });
  });
  expect(errors.map(({ code, slice }) => [code, slice])).toEqual([
    ["not-serializable", "gate"],
    ["not-serializable", "a"],
  ]);
  let seen: unknown;
  stream.set("a", (value: unknown) => {
    seen = value;
    return 6;
  });
  expect(seen).toBe(5);
  expect(followed(stream).client.state).toEqual({ gate: { show: ["a"] }, a: 6 });
});

test("while the slices function throws, changes are withheld from everybody; the next change brings them", () => {
  let broken = false;
  const clock = createTestClock();
  const { errors, onError } = collector();
  const listeners = new Set<(change?: object) => void>();
  const state: Slices = { a: 1, b: 1 };
  const stream = clock.createStateStream<Slices>({
    source: {
      getState: () => state,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    slices: () => {
      if (broken) throw new Error("sentinel");
      return ["a", "b"];
    },
    onError,
  });
  const { pull, client } = followed(stream);
  const notify = (slice: string): void => listeners.forEach((listener) => listener({ slice }));

  broken = true;
  state["a"] = 2;
  notify("a");
  clock.flush();
  expect(pull()).toEqual([]);
  expect(followed(stream).client.state).toEqual({ a: 1, b: 1 });
  expect(errors.map(({ code }) => code)).toEqual(["slices-failed"]);

  broken = false;
  state["b"] = 2;
  notify("b");
  expect(pull().map((event) => "slice" in event && event.slice)).toEqual(["b", "a"]);
  expect(client.state).toEqual({ a: 2, b: 2 });
});

test("a slices function that gives no list of names withholds the change, too", () => {
  let answer: unknown = ["a"];
  const { stream } = setup({ a: 1 }, { slices: () => answer as string[] });
  const { pull } = followed(stream);
  for (const wrong of [undefined, null, "a", [1], { a: true }]) {
    answer = wrong;
    expect(thrownBy(() => stream.set("a", 2))).toMatchObject({ code: "slices-failed" });
    expect(pull()).toEqual([]);
  }
});

test("what the slices function withheld of our own state is put back, so that it and clients agree", () => {
  let broken = true;
  const show = (): string[] => {
    if (broken) throw new Error("not now");
    return ["a", "b"];
  };
  broken = false;
  const { stream } = setup({ a: 1, b: 1 }, { slices: show });
  const { client, pull } = followed(stream);
  broken = true;
  expect((thrownBy(() => stream.set("a", 2)) as StateStreamError).code).toBe("slices-failed");
  broken = false;
  stream.set("b", 2);
  pull();
  expect(client.state).toEqual({ a: 1, b: 2 });
  expect(stream.state).toEqual({ a: 1, b: 2 });
});

test("an object changed in place while the slices function throws is sent with the next change", () => {
  let broken = false;
  const show = (): string[] => {
    if (broken) throw new Error("not now");
    return ["list", "b"];
  };
  const list = [1];
  const { stream } = setup({ list, b: 1 }, { slices: show });
  const { client, pull } = followed(stream);
  broken = true;
  list.push(2);
  thrownBy(() => stream.set("list", list));
  broken = false;
  stream.set("b", 2);
  expect(pull()).toMatchObject([
    { slice: "b", more: true },
    { slice: "list", value: [1, 2] },
  ]);
  expect(client.state).toEqual({ list: [1, 2], b: 2 });
});

test("what was withheld is not lost when the next change fails", () => {
  let broken = false;
  const show = (state: Slices): string[] => {
    if (broken) throw new Error("not now");
    return gated(state);
  };
  const list = [1];
  const { stream } = setup({ gate: { show: ["list"] }, list }, { slices: show });
  const { client, pull } = followed(stream);
  broken = true;
  list.push(2);
  thrownBy(() => stream.set("list", list));
  broken = false;
  thrownBy(() => stream.set("gate", { show: [], broken: 1n }));
  pull();
  expect(client.state).toEqual({ gate: { show: ["list"] }, list: [1, 2] });
});

test("a stream cannot begin without knowing which slices may be seen, if the state is its own", () => {
  const slices = (): never => {
    throw new Error("not yet");
  };
  expect(thrownBy(() => setup({ a: 1 }, { slices }))).toMatchObject({ code: "slices-failed" });
});

test("a stream over a source begins with nothing when its slices function throws, and shows all once it does not", () => {
  let broken = true;
  const clock = createTestClock();
  const { errors, onError } = collector();
  let notify: (change?: object) => void = () => {};
  const stream = clock.createStateStream<Slices>({
    source: { getState: () => ({ a: 1, b: 2 }), subscribe: (listener) => ((notify = listener), () => {}) },
    slices: () => {
      if (broken) throw new Error("not yet");
      return ["a", "b"];
    },
    onError,
  });
  const { client, pull } = follow(stream);
  pull();
  expect(client.state).toEqual({});
  broken = false;
  notify({ slice: "a" });
  pull();
  expect(client.state).toEqual({ a: 1, b: 2 });
  expect(errors).toHaveLength(1);
});
