import { EventEmitter } from "node:events";
import { configureStore, createSlice } from "@reduxjs/toolkit";
import { expect, test } from "vitest";
import { createStore } from "zustand/vanilla";
import { eventBusSource, type StateChange, type StateSource, type StateUpdateEvent } from "../../src/index.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { collector, followed, type Slices } from "../support/streams.ts";

/** A source that says of its changes what the test does. */
function createSource(state: Slices) {
  const listeners = new Set<(change?: StateChange) => void>();
  const source: StateSource<Slices> = {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    source,
    listeners,
    change: (next: Slices, change?: StateChange): void => {
      state = next;
      for (const listener of listeners) listener(change);
    },
  };
}

test("a change that names no slice looks at all of them; unchanged ones cost nothing", () => {
  const { source, change } = createSource({ a: { n: 1 }, b: { n: 1 } });
  let asked = 0;
  const stream = createTestClock().createStateStream({ source, differ: () => (asked++, undefined) });
  const { pull, client } = followed(stream);
  change({ a: { n: 1 }, b: source.getState()["b"], c: 3 });
  expect(asked).toBe(1);
  change({ a: { n: 2 }, c: 4 });
  pull();
  expect(client.state).toEqual({ a: { n: 2 }, c: 4 });
});

test("a change that names a slice looks at that one only", () => {
  const { source, change } = createSource({ a: 1, b: 1 });
  const stream = createTestClock().createStateStream({ source });
  const { pull } = followed(stream);
  change({ a: 2, b: 2 }, { slice: "a", cause: { type: "x", id: 1, payload: "sentinel" } });
  expect(pull()).toMatchObject([{ slice: "a", value: 2, cause: { type: "x", id: 1 } }]);
});

test("a named slice whose object is the same is sent as a value", () => {
  const list = [1];
  const { source, change } = createSource({ list });
  const { pull } = followed(createTestClock().createStateStream({ source }));
  list.push(2);
  change({ list }, { slice: "list" });
  expect(pull()).toMatchObject([{ value: [1, 2] }]);
});

test("a change in place that names no slice is found with private copies, and only with them", () => {
  const list = [1];
  const { source, change } = createSource({ list });
  const { pull, client } = followed(createTestClock().createStateStream({ source, snapshots: "copy" }));
  list.push(2);
  change({ list });
  expect(pull()).toMatchObject([{ patches: [{ op: "add", path: "/1", value: 2 }] }]);
  expect(client.state).toEqual({ list: [1, 2] });
});

test("when getState throws, clients keep what they have and get everything with the next change", () => {
  const { errors, onError } = collector();
  const { source, change } = createSource({ a: 1, b: 1 });
  let broken = false;
  const getState = (): Slices => {
    if (broken) throw new Error("sentinel");
    return source.getState();
  };
  const stream = createTestClock().createStateStream({ source: { ...source, getState }, onError });
  const { pull, client } = followed(stream);
  broken = true;
  change({ a: 1, b: 2 }, { slice: "b" });
  expect(pull()).toEqual([]);
  broken = false;
  change({ a: 2, b: 2 }, { slice: "a" });
  pull();
  expect(client.state).toEqual({ a: 2, b: 2 });
  expect(errors.map(({ code }) => code)).toEqual(["source-failed"]);
});

test("a state that is not an object is reported, and clients keep theirs", () => {
  const { errors, onError } = collector();
  const { source, change } = createSource({ a: 1 });
  const { pull } = followed(createTestClock().createStateStream({ source, onError }));
  for (const wrong of [null, [], 5, undefined]) change(wrong as never);
  expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => "invalid-state"));
  expect(pull()).toEqual([]);
});

test("a change that a store reports while it is being subscribed to is in the first state", () => {
  const source: StateSource<Slices> = {
    getState: () => ({ a: 1 }),
    subscribe: (listener) => {
      listener({ slice: "a" });
      return () => {};
    },
  };
  const stream = createTestClock().createStateStream({ source });
  expect(stream.stats().events).toBe(0);
  expect(followed(stream).client.state).toEqual({ a: 1 });
});

test("a Redux Toolkit store is a source", () => {
  const todos = createSlice({
    name: "todos",
    initialState: [] as { title: string; done: boolean }[],
    reducers: {
      added: (state, { payload }: { payload: string }) => void state.push({ title: payload, done: false }),
      done: (state, { payload }: { payload: number }) => void ((state[payload] as { done: boolean }).done = true),
    },
  });
  const store = configureStore({ reducer: { todos: todos.reducer, other: () => 1 } });
  const stream = createTestClock().createStateStream({ source: store });
  const { pull, client } = followed(stream);
  store.dispatch(todos.actions.added("write"));
  store.dispatch(todos.actions.done(0));
  expect(pull() as StateUpdateEvent[]).toMatchObject([
    { patches: [{ op: "add", path: "/0" }] },
    { patches: [{ op: "replace", path: "/0/done", value: true }] },
  ]);
  expect(client.state).toEqual(store.getState());
});

test("a Zustand store is a source, although its listeners are given the state and the previous one", () => {
  const store = createStore<{ slice: string; patches: unknown[]; n: number }>(() => ({
    slice: "n",
    patches: [],
    n: 1,
  }));
  const stream = createTestClock().createStateStream({ source: store });
  const { pull, client } = followed(stream);
  store.setState({ n: 2 });
  store.setState({ slice: "patches", patches: [1] });
  pull();
  expect(client.state).toEqual(store.getState());
});

test("a bus that changes its state in place is a source", () => {
  const bus = new EventEmitter();
  const state: Slices = { list: [] as number[], other: 1 };
  const stream = createTestClock().createStateStream({ source: eventBusSource({ getState: () => state, bus }) });
  const { pull, client } = followed(stream);
  (state["list"] as number[]).push(1);
  const causingAction = { type: "push", payload: "sentinel", meta: { __ellie: { actionId: "a1" } } };
  bus.emit("change", { slice: "list", after: state["list"], causingAction });
  expect(pull()).toMatchObject([{ slice: "list", patches: [{}], cause: { type: "push", id: "a1" } }]);
  expect(client.state).toEqual(state);
  void stream.close();
  expect(bus.listenerCount("change")).toBe(0);
});

test("a getter of a source's change that throws is reported, does not throw into the emitter, and loses no change", () => {
  const { errors, onError } = collector();
  const { source, change } = createSource({ a: 1, b: 1 });
  const { pull } = followed(createTestClock().createStateStream({ source, onError }));
  const announced = {
    get slice(): string {
      throw new Error("detached.");
    },
  };
  change({ a: 2, b: 1 }, announced);
  expect(pull()).toMatchObject([{ slice: "a", value: 2 }]);
  expect(errors.map(({ code, message }) => [code, message])).toEqual([
    ["source-failed", "Reading the source's change threw: detached. Every slice was compared instead."],
  ]);
});
