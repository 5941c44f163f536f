import { expect, test, vi } from "vitest";
import type { StateStreamError } from "../../src/support/errors.ts";
import { copyOf, originOf } from "../support/copies.ts";
import { setup, thrownBy } from "../support/streams.ts";

test("a listener is called once per flush, outside the call that made the changes", () => {
  const { stream, clock } = setup({ a: 1, b: 1 });
  const seen: unknown[] = [];
  stream.subscribe(() => seen.push(stream.state));
  stream.set("a", 2);
  stream.set("b", 2);
  expect(seen).toStrictEqual([]);
  clock.flush();
  expect(seen).toStrictEqual([{ a: 2, b: 2 }]);
  stream.set("a", 3);
  clock.flush();
  expect(seen).toHaveLength(2);
});

test("a listener is not called without a change, nor for one that changes nothing", () => {
  const { stream, clock } = setup({ a: { n: 1 } });
  const listener = vi.fn<() => void>();
  stream.subscribe(listener);
  stream.set("a", { n: 1 });
  clock.flush();
  expect(listener).not.toHaveBeenCalled();
});

test("a listener that is removed is not called any more, also where it was due or is removed by another", () => {
  const { stream, clock } = setup({ a: 1 });
  const [removed, later] = [vi.fn<() => void>(), vi.fn<() => void>()];
  const remove = stream.subscribe(removed);
  const removeLater = { call: (): void => undefined };
  stream.subscribe(() => removeLater.call());
  removeLater.call = stream.subscribe(later);
  stream.set("a", 2);
  remove();
  remove();
  clock.flush();
  expect([removed.mock.calls, later.mock.calls]).toStrictEqual([[], []]);
});

test("the same listener added twice is called twice, until each is removed", () => {
  const { stream, clock } = setup({ a: 1 });
  const listener = vi.fn<() => void>();
  const remove = stream.subscribe(listener);
  stream.subscribe(listener);
  stream.set("a", 2);
  clock.flush();
  expect(listener).toHaveBeenCalledTimes(2);
  remove();
  stream.set("a", 3);
  clock.flush();
  expect(listener).toHaveBeenCalledTimes(3);
});

test("a listener that changes the state is called again in the next flush", () => {
  const { stream, clock } = setup({ a: 1 });
  const seen: unknown[] = [];
  stream.subscribe(() => {
    seen.push(stream.state["a"]);
    if (seen.length < 3) stream.set("a", seen.length + 1);
  });
  stream.set("a", 1.5);
  clock.flush();
  expect(seen).toStrictEqual([1.5, 2, 3]);
});

test("a listener that throws is reported, and harms neither the others nor the mutator", () => {
  const onError = vi.fn<(error: StateStreamError) => void>();
  const { stream, clock } = setup({ a: 1 }, { onError });
  const listener = vi.fn<() => void>();
  stream.subscribe(() => {
    throw new Error("no");
  });
  stream.subscribe(listener);
  stream.set("a", 2);
  clock.flush();
  expect(listener).toHaveBeenCalledOnce();
  expect(onError).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({
      code: "listener-failed",
      message: "A listener given to subscribe threw: no. The stream continues.",
    }),
  );
});

test("a listener that is no function is refused", () => {
  const { stream } = setup({ a: 1 });
  expect(thrownBy(() => stream.subscribe("no" as never))).toMatchObject({ code: "invalid-option" });
});

test("a followed stream notifies of commits that it follows, and of another state that it adopts", () => {
  const origin = originOf({ a: 1 });
  const { copy } = copyOf(origin);
  const seen: unknown[] = [];
  copy.subscribe(() => seen.push(copy.state));
  origin.stream.set("a", 2);
  for (const commit of origin.commits) copy.follow(commit);
  origin.clock.flush();
  expect(seen).toStrictEqual([{ a: 2 }]);
  origin.stream.set("a", 3);
  copy.adopt(origin.checkpoint(), []);
  origin.clock.flush();
  expect(seen).toStrictEqual([{ a: 2 }, { a: 3 }]);
});
