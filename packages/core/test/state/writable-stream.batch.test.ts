import { expect, test } from "vitest";
import type { StateUpdateEvent } from "../../src/index.ts";
import { followed, setup, thrownBy } from "../support/streams.ts";

test("a batch is one commit with one event for each slice, all but the last of which have `more`", () => {
  const { stream } = setup({ a: { n: 0 }, b: 0 });
  const { pull, client } = followed(stream);
  stream.batch(() => {
    for (let n = 1; n <= 10; n++) {
      stream.set("a", { n });
      stream.set("b", n);
    }
  });
  expect(pull()).toMatchObject([
    { slice: "a", seq: 1, base: 0, more: true, patches: [{ op: "replace", path: "/n", value: 10 }] },
    { slice: "b", seq: 2, base: 0, value: 10 },
  ]);
  expect(client.state).toEqual({ a: { n: 10 }, b: 10 });
});

test("updaters and patches inside a batch see what it did so far, and `state` does not", () => {
  const { stream } = setup({ n: 1, list: [1] });
  stream.batch(() => {
    stream.set("n", 2);
    stream.set("n", (n: unknown) => (n as number) * 10);
    stream.set("list", [1, 2]);
    stream.patch("list", [{ op: "remove", path: "/0" }]);
    stream.patch("list", [{ op: "add", path: "/-", value: 3 }]);
    expect(stream.state).toEqual({ n: 1, list: [1] });
  });
  expect(stream.state).toEqual({ n: 20, list: [2, 3] });
});

test("a nested batch joins the outer one", () => {
  const { stream } = setup({ a: 0, b: 0, c: 0 });
  const { pull } = followed(stream);
  stream.batch(() => {
    stream.set("a", 1);
    stream.batch(() => {
      stream.set("b", 1);
      stream.batch(() => stream.set("c", 1));
      expect(stream.stats().events).toBe(0);
    });
    expect(stream.stats().events).toBe(0);
  });
  expect((pull() as StateUpdateEvent[]).map(({ more }) => more)).toEqual([true, true, undefined]);
});

test("a batch that throws keeps what it did until then, and rethrows the error", () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream);
  const error = new Error("mine");
  const change = (): void => {
    stream.set("a", 1);
    throw error;
  };
  expect(thrownBy(() => stream.batch(change))).toBe(error);
  expect(pull()).toMatchObject([{ slice: "a", value: 1 }]);
  stream.set("b", 1);
  expect(pull()).toMatchObject([{ slice: "b" }]);
});

test("a nested batch whose error is caught does not stop the outer one", () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream);
  stream.batch(() => {
    thrownBy(() =>
      stream.batch(() => {
        stream.set("a", 1);
        throw new Error("inner");
      }),
    );
    stream.set("b", 1);
  });
  expect(pull()).toHaveLength(2);
});

test("an async batch throws, and is committed up to its first await", async () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream);
  let later: Promise<void> | undefined;
  const change = (): Promise<void> => {
    later = (async () => {
      stream.set("a", 1);
      await Promise.resolve();
      stream.set("b", 1);
    })();
    return later;
  };
  expect(thrownBy(() => stream.batch(change as () => void))).toMatchObject({ code: "async-batch" });
  expect(pull()).toMatchObject([{ slice: "a" }]);
  await later;
  expect(pull()).toMatchObject([{ slice: "b" }]);
});

test("a batch that does nothing, or undoes what it did, sends nothing", () => {
  const { stream } = setup({ a: { n: 1 } });
  const { pull } = followed(stream);
  stream.batch(() => {});
  stream.batch(() => {
    stream.set("a", { n: 2 });
    stream.set("a", { n: 1 });
  });
  stream.batch(() => {
    stream.remove("a");
    stream.set("a", { n: 1 });
  });
  stream.batch(() => {
    stream.patch("a", [{ op: "add", path: "/m", value: 1 }]);
    stream.patch("a", [{ op: "remove", path: "/m" }]);
  });
  expect(pull()).toEqual([]);
});

test("set, patch and remove of one slice in one batch send the result", () => {
  const { stream } = setup({ a: { n: 1 } });
  const { pull, client } = followed(stream);
  stream.batch(() => {
    stream.set("b", { n: 1 });
    stream.patch("b", [{ op: "replace", path: "/n", value: 2 }]);
    stream.patch("a", [{ op: "replace", path: "/n", value: 2 }]);
    stream.remove("a");
  });
  expect(pull()).toMatchObject([
    { slice: "b", value: { n: 2 } },
    { slice: "a", removed: true },
  ]);
  expect(client.state).toEqual({ b: { n: 2 } });
});

test("a slice that fails keeps its previous value, and the other slices of the batch are sent", () => {
  const { stream } = setup({ a: 0, bad: 0, b: 0 });
  const { pull } = followed(stream);
  const change = (): void => {
    stream.set("a", 1);
    stream.set("bad", 1n);
    stream.set("b", 1);
  };
  expect(thrownBy(() => stream.batch(change))).toMatchObject({ code: "not-serializable", slice: "bad" });
  expect(pull()).toMatchObject([{ slice: "a", more: true }, { slice: "b" }]);
  expect(stream.state).toEqual({ a: 1, bad: 0, b: 1 });
});
