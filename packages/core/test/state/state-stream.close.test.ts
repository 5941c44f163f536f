import { expect, test } from "vitest";
import type { StateStream, WritableStateStream } from "../../src/index.ts";
import { collector, filler, follow, followed, setup, type Slices, thrownBy } from "../support/streams.ts";

test("close sends what is pending, then state.end, and resolves when all are closed", async () => {
  const { stream, clock } = setup({ a: 1 });
  const { connection, pull } = followed(stream);
  stream.set("a", 2);
  let closed = false;
  const closing = stream.close().then(() => (closed = true));
  expect(pull()).toMatchObject([
    { type: "state.update", slice: "a" },
    { type: "state.end", reason: "closed", retry: true },
  ]);
  expect(connection.closeReason).toBe("closed");
  await closing;
  expect(closed).toBe(true);
  expect([clock.timers, stream.stats().connections]).toEqual([0, 0]);
});

test("close notifies connections in a later turn", () => {
  const { stream, clock } = setup({ a: 1 });
  const { connection } = followed(stream);
  let notified = 0;
  connection.onReadable(() => notified++);
  void stream.close();
  expect(notified).toBe(0);
  clock.flush();
  expect(notified).toBe(1);
});

test("a client that does not take its end is cut off after half a second, and not before", async () => {
  const { stream, clock } = setup({ a: filler(100_000) });
  const { connection, pull } = follow(stream);
  pull(2);
  const closing = stream.close({ reason: "draining" });
  clock.advance(499);
  expect(connection.closed).toBe(false);
  clock.advance(1);
  expect(connection.closeReason).toBe("draining");
  expect(connection.read()).toBeUndefined();
  await closing;
  expect(clock.timers).toBe(0);
});

test("close resolves at once without connections, and a second call changes nothing", async () => {
  const { stream, clock } = setup({ a: 1 });
  const closing = stream.close({ reason: "draining", retry: false });
  expect(stream.close()).toBe(closing);
  await closing;
  expect(stream.closing).toEqual({ reason: "draining", retry: false });
  expect(clock.timers).toBe(0);
});

test.each<[string, (stream: WritableStateStream<Slices>) => void]>([
  ["a batch", (stream) => stream.batch(() => (stream.set("a", 2), void stream.close(), stream.set("b", 2)))],
  [
    "an updater",
    (stream) => {
      stream.set("b", () => (stream.set("a", 2), void stream.close(), 2));
    },
  ],
])("close inside %s closes after its commit, which clients are sent", async (_name, change) => {
  const { stream, clock } = setup({ a: 1, b: 1 });
  const { connection, client } = followed(stream);
  connection.onReadable(() => client.pull(connection));
  change(stream);
  expect(stream.closing).toEqual({ reason: "closed", retry: true });
  expect(thrownBy(() => stream.set("a", 3))).toMatchObject({ code: "stream-closed" });
  clock.flush();
  expect(client.state).toEqual({ a: 2, b: 2 });
  expect(client.events.at(-1)?.data).toMatchObject({ type: "state.end", reason: "closed" });
  await stream.close();
  expect(connection.closeReason).toBe("closed");
});

test("a change queued behind a close is refused, and its caller is given the error", () => {
  const { stream } = setup({ a: 1, b: 1 });
  const change = (): void => stream.set("a", () => (void stream.close(), stream.set("b", 2), 2));
  expect(thrownBy(change)).toMatchObject({ code: "stream-closed" });
  expect(stream.state).toEqual({ a: 2, b: 1 });
});

test("close inside getState of a source closes after that commit", () => {
  const { clock } = setup({});
  let notify: () => void = () => {};
  let n = 0;
  const stream: StateStream = clock.createStateStream({
    source: {
      getState: () => {
        if (n === 1) void stream.close();
        return { n };
      },
      subscribe: (fn: () => void) => ((notify = fn), () => {}),
    },
  });
  const { pull, client } = followed(stream);
  n = 1;
  notify();
  expect(pull()).toMatchObject([{ slice: "n", value: 1 }, { type: "state.end" }]);
  expect(client.state).toEqual({ n: 1 });
});

test("closing again from onClose of a connection that is being closed resolves too", async () => {
  const { stream } = setup({ a: 1 });
  let again: Promise<void> | undefined;
  const { connection, pull } = follow(stream, { onClose: () => void (again = stream.close()) });
  pull();
  connection.onReadable(() => pull());
  const closing = stream.close({ reason: "revoked", retry: false });
  pull();
  await Promise.all([closing, again]);
  expect(stream.closing).toEqual({ reason: "revoked", retry: false });
});

test("retry: false is sent to clients, and later requests get 204", () => {
  const { stream } = setup({ a: 1 });
  const { pull } = followed(stream);
  void stream.close({ retry: false });
  expect(pull()).toMatchObject([{ type: "state.end", retry: false }]);
});

test("connecting to a closed stream gives state.end and does not throw; it costs nothing", () => {
  const { stream, clock } = setup({ a: 1 });
  const bookmark = followed(stream).client.bookmark;
  void stream.close({ reason: "draining" });
  clock.advance(500);
  for (const given of [undefined, bookmark]) {
    const { pull, client, connection } = follow(stream, {}, given);
    expect(pull()).toMatchObject([{ type: "state.end", reason: "draining", retry: true }]);
    expect(client.id).toBe(given?.id);
    expect(connection.closed).toBe(true);
    expect(connection.resumed).toBe(false);
  }
  expect([clock.timers, stream.stats().connections]).toEqual([0, 0]);
});

test("a closed stream keeps its state and refuses changes", () => {
  const { stream } = setup({ a: 1 });
  void stream.close();
  for (const change of [
    () => stream.set("a", 2),
    () => stream.remove("a"),
    () => stream.patch("a", []),
    () => stream.batch(() => {}),
  ]) {
    expect(thrownBy(change)).toMatchObject({ code: "stream-closed" });
  }
  expect(stream.state).toEqual({ a: 1 });
});

test("close unsubscribes from the source once, also when that throws", async () => {
  const { clock } = setup({});
  const { errors, onError } = collector();
  let left = 0;
  const source = {
    getState: () => ({ a: 1 }),
    subscribe: () => () => {
      left++;
      throw new Error("not so fast");
    },
  };
  const stream = clock.createStateStream({ source, onError });
  await stream.close();
  await stream.close();
  expect(left).toBe(1);
  expect(errors).toMatchObject([{ code: "source-failed" }]);
});

test("after close no heartbeat is sent and a source's changes are ignored", () => {
  const { clock } = setup({});
  let notify: () => void = () => {};
  let n = 0;
  const stream = clock.createStateStream({
    source: { getState: () => ({ n }), subscribe: (fn: () => void) => ((notify = fn), () => {}) },
  });
  const { pull } = followed(stream);
  void stream.close();
  n = 1;
  notify();
  expect(pull()).toMatchObject([{ type: "state.end" }]);
  clock.advance(60_000);
  expect(pull()).toEqual([]);
  expect(stream.stats().events).toBe(0);
});
