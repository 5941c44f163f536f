import { describe, expect, test } from "vitest";
import { createTestClock } from "../../src/state/testing.ts";
import { collector, followed, setup, type Slices, thrownBy } from "../support/streams.ts";

/** Values that JSON cannot carry, each made anew. */
const failing: Record<string, () => unknown> = {
  "a BigInt": () => 1n,
  "a BigInt inside": () => ({ ok: 1, list: [{ n: 1n }] }),
  "a cycle": () => {
    const value: { self?: unknown } = {};
    value.self = { deeper: [value] };
    return value;
  },
  "a throwing getter": () => ({
    get bad(): never {
      throw new Error("sentinel");
    },
  }),
  "a throwing toJSON": () => ({
    toJSON(): never {
      throw new Error("sentinel");
    },
  }),
  "what is thrown has no text": () => ({
    toJSON(): never {
      throw Object.create(null);
    },
  }),
  "10,000 levels": () => {
    let value: unknown = 1;
    for (let level = 0; level < 10_000; level++) value = level % 2 ? [value] : { value };
    return value;
  },
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

describe.each(Object.entries(failing))("%s", (_, make) => {
  test("is thrown to the caller without onError; the previous value stays, and the stream continues", () => {
    const { stream, clock } = setup({ a: { n: 1 }, b: 1 });
    const { pull, client } = followed(stream);
    const change = (): void => stream.set("a", make());
    expect(thrownBy(change)).toMatchObject({ name: "StateStreamError", code: "not-serializable", slice: "a" });
    clock.flush();
    expect(pull()).toEqual([]);
    expect(stream.state).toEqual({ a: { n: 1 }, b: 1 });
    expect(followed(stream).client.state).toEqual({ a: { n: 1 }, b: 1 });

    stream.set("a", (a: unknown) => ({ ...(a as object), m: 2 }));
    pull();
    expect(client.state).toEqual({ a: { n: 1, m: 2 }, b: 1 });
  });

  test("is reported to onError where there is one, and nothing is thrown", () => {
    const { errors, onError } = collector();
    const { stream } = setup({ a: 1, b: 1 }, { onError });
    const { pull } = followed(stream);
    stream.batch(() => {
      stream.set("a", make());
      stream.set("b", 2);
    });
    expect(errors).toMatchObject([{ code: "not-serializable", slice: "a" }]);
    expect(errors[0]).toHaveProperty("cause");
    expect(pull()).toMatchObject([{ slice: "b", value: 2 }]);
    expect(stream.stats().errors).toBe(1);
  });

  test("is refused in copy mode, too", () => {
    const { stream } = setup({ a: 1 }, { snapshots: "copy" });
    const { pull } = followed(stream);
    expect(thrownBy(() => stream.set("a", make()))).toMatchObject({ code: "not-serializable" });
    stream.set("a", 2);
    expect(pull()).toMatchObject([{ slice: "a", value: 2 }]);
  });

  test("is thrown where it is in the first state", () => {
    expect(thrownBy(() => setup({ a: make() }))).toMatchObject({ code: "not-serializable", slice: "a" });
  });

  test("is reported where it comes from a source, and the other slices are sent", () => {
    const { errors, onError } = collector();
    let state: Slices = { a: 1, b: 1 };
    let notify: () => void = () => {};
    const stream = createTestClock().createStateStream<Slices>({
      source: { getState: () => state, subscribe: (listener) => ((notify = listener), () => {}) },
      onError,
    });
    const { pull, client } = followed(stream);
    state = { a: make(), b: 2 };
    notify();
    pull();
    expect(client.state).toEqual({ a: 1, b: 2 });
    expect(errors).toMatchObject([{ code: "not-serializable", slice: "a" }]);
    state = { a: 3, b: 2 };
    notify();
    pull();
    expect(client.state).toEqual({ a: 3, b: 2 });
  });
});

test("an error's text never reaches a client", () => {
  const { stream } = setup({ a: 1 }, { onError: () => {} });
  const { client, pull } = followed(stream);
  stream.set("a", (failing["a throwing getter"] as () => unknown)());
  stream.set("a", 2);
  pull();
  expect(JSON.stringify(client.events)).not.toContain("sentinel");
});

test("when several values of one batch fail, the first is thrown and the others are reported", () => {
  const { stream } = setup({ a: 1, b: 1 });
  const change = (): void => {
    stream.set("a", 1n);
    stream.set("b", 1n);
  };
  expect(thrownBy(() => stream.batch(change))).toMatchObject({ slice: "a" });
  expect(stream.stats().errors).toBe(1);
});

test("a value whose text is longer than any string is refused with what to do, at create too", () => {
  const { errors, onError } = collector();
  // Fails as the serializer does for 512 MB of text, without the half minute that so much text takes.
  const large = { toJSON: () => "x".repeat(2 ** 30) };
  const why =
    /slice "a" cannot be sent as JSON: its text would be longer .* about 512 MB; divide it into several slices\./;
  const thrown = thrownBy(() => setup({ a: large }));
  expect(thrown).toMatchObject({ code: "not-serializable", slice: "a" });
  expect((thrown as Error).message).toMatch(why);
  const { stream } = setup({ a: 1 }, { onError });
  stream.set("a", large);
  expect(errors.map(({ code, message }) => [code, why.test(message)])).toEqual([["not-serializable", true]]);
  expect(stream.state).toEqual({ a: 1 });
});
