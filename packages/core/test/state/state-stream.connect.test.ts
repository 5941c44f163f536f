import { expect, test } from "vitest";
import { createTestClock } from "../../src/state/testing.ts";
import { chunksOf, filler, follow, followed, setup, type Slices, textOf } from "../support/streams.ts";

/** A store whose listeners are called in the order in which they came. */
function createStore(initial: Slices) {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    getState: () => state,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(next: Slices): void {
      state = { ...state, ...next };
      for (const listener of listeners) listener();
    },
  };
}

test("the first bytes are the retry line as a chunk of its own, then the snapshot", () => {
  const { stream } = setup({ a: 1, b: [true] }, {}, { now: 1234 });
  const chunks = chunksOf(stream.connect()).map((bytes) => textOf([bytes]));
  expect(chunks).toEqual([
    "retry: 2000\n",
    'event: state.initial\ndata: {"type":"state.initial","slices":{"a":1,"b":[true]},"reason":"connect","seq":0,' +
      '"heartbeatMs":15000,"timestamp":1234}\nid: testepoch00.0\n\n',
  ]);
});

test("a change while the snapshot is read comes after it, since connecting takes position, snapshot and subscription in one turn", () => {
  const { stream, clock } = setup({ a: filler(200_000), b: 0 });
  const { client, pull } = follow(stream);
  // The retry line and the first part: the rest of the snapshot is still to be taken.
  pull(2);
  stream.set("b", 1);
  stream.set("b", 2);
  clock.flush();
  pull();
  expect(client.events.map(({ data }) => data.type)).toEqual(["state.initial", "state.update", "state.update"]);
  expect(client.state["b"]).toBe(2);
});

test("a change between connect and the first read is in the snapshot or after it, once", () => {
  const { stream } = setup({ list: [1] });
  const { client, pull } = follow(stream);
  stream.patch("list", [{ op: "add", path: "/-", value: 2 }]);
  pull();
  expect(client.state).toEqual({ list: [1, 2] });
});

test("the snapshot is the state that the log has reached, never the state of the store", () => {
  const clock = createTestClock();
  const store = createStore({ list: [1] });
  const connections: ReturnType<typeof follow>[] = [];
  let early = false;
  // Called before the stream's own listener: the store has changed, the stream has not heard.
  store.subscribe(() => {
    if (!early) return;
    const one = follow(stream);
    one.pull();
    expect(one.client.state).toEqual({ list: [1] });
    expect(stream.state).toEqual({ list: [1] });
    connections.push(one);
  });
  const stream = clock.createStateStream<Slices>({ source: store });
  early = true;
  store.set({ list: [1, 2] });
  const [one] = connections;
  expect(one?.pull()).toMatchObject([{ type: "state.update", patches: [{ op: "add", path: "/1", value: 2 }] }]);
  expect(one?.client.state).toEqual({ list: [1, 2] });
});

test("getState is not asked when a client connects", () => {
  const clock = createTestClock();
  const store = createStore({ a: 1 });
  let asked = 0;
  const getState = (): Slices => (asked++, store.getState());
  const stream = clock.createStateStream<Slices>({ source: { ...store, getState } });
  asked = 0;
  followed(stream);
  followed(stream, { slices: ["a"] });
  expect(asked).toBe(0);
});

test("inside a batch, snapshots and `state` are the state before it", () => {
  const { stream } = setup({ list: [1] });
  let inside: ReturnType<typeof followed> | undefined;
  stream.batch(() => {
    stream.set("list", [1, 2]);
    inside = followed(stream);
    expect(inside.client.state).toEqual({ list: [1] });
    expect(stream.state).toEqual({ list: [1] });
    expect(stream.eventId).toBe("testepoch00.0");
  });
  expect(inside?.pull()).toHaveLength(1);
  expect(inside?.client.state).toEqual({ list: [1, 2] });
});

test("a client that connects inside a callback of a commit gets that commit once", () => {
  const found: ReturnType<typeof followed>[] = [];
  const { stream } = setup({ list: [1], other: 1 }, { cause: (cause) => (found.push(followed(stream)), cause) });
  stream.batch(
    () => {
      stream.patch("other", [{ op: "replace", path: "", value: 2 }]);
      stream.patch("list", [{ op: "add", path: "/-", value: 2 }]);
    },
    { type: "both" },
  );
  expect(found).toHaveLength(2);
  for (const { client, pull } of found) {
    expect(client.state).toEqual({ list: [1], other: 1 });
    pull();
    expect(client.state).toEqual({ list: [1, 2], other: 2 });
  }
});

test("no timer is set and no random number is drawn before the first connection or change", () => {
  let drawn = 0;
  const random = (): number => (drawn++, 0);
  const { stream, clock } = setup({ a: 1 }, { maxAgeMs: 1000 }, { random });
  void stream.state;
  expect([drawn, clock.timers]).toEqual([0, 0]);
  stream.set("a", 2);
  expect([drawn, clock.timers]).toEqual([0, 0]);
  followed(stream);
  expect(drawn).toBeGreaterThan(0);
  expect(clock.timers).toBe(1);
});

test("all connections share one timer, which is cleared with the last of them", () => {
  const { stream, clock } = setup({ a: 1 });
  const all = Array.from({ length: 20 }, () => followed(stream));
  expect(clock.timers).toBe(1);
  for (let beat = 0; beat < 5; beat++) {
    clock.advance(15_000);
    expect(all.map(({ pull }) => pull().length)).toEqual(all.map(() => 1));
    expect(clock.timers).toBe(1);
  }
  for (const { connection } of all) connection.close();
  expect(clock.timers).toBe(0);
  followed(stream).connection.close();
  expect(clock.timers).toBe(0);
});

test("names that are not there yet wait for their slice; an empty list selects nothing", () => {
  const { stream } = setup({ a: 1 });
  const later = followed(stream, { slices: ["b"] });
  const none = followed(stream, { slices: [] });
  expect([later.client.state, none.client.state]).toEqual([{}, {}]);
  stream.set("b", 2);
  expect(later.pull()).toMatchObject([{ slice: "b", value: 2, base: 0 }]);
  expect(none.pull()).toEqual([]);
});

test("the list of slices is what the stream shows, whatever a connection requests", () => {
  const { stream } = setup({ open: 1, secret: "sentinel" }, { slices: ["open"] });
  const all = followed(stream);
  const asking = followed(stream, { slices: ["secret", "open"] });
  stream.batch(() => {
    stream.set("secret", "sentinel 2");
    stream.set("open", 2);
  });
  expect([all.pull(), asking.pull()].flat()).toHaveLength(2);
  expect([all.client.state, asking.client.state]).toEqual([{ open: 2 }, { open: 2 }]);
  expect(stream.state).toEqual({ open: 2 });
});
