import { configureStore, createSlice } from "@reduxjs/toolkit";
import { EventEmitter } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import type { StateStreamError } from "../../src/support/errors.ts";
import type { Json } from "../../src/json/types.ts";
import { causeOf, changeOf, eventBusSource, type EventBusSourceOptions, sliceOf } from "../../src/state/source.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { updatesOf } from "../support/read.ts";
import { errorOf } from "../support/values.ts";

interface Emitted {
  slice?: unknown;
  after?: unknown;
  causingAction?: unknown;
}

/** A runtime with a bus, streamed, and followed by one client. */
function runtime(state: Record<string, unknown>, options: Partial<EventBusSourceOptions<object>> = {}) {
  const bus = new EventEmitter();
  const clock = createTestClock();
  const onError = vi.fn<(error: StateStreamError) => void>();
  const source = eventBusSource<object>({ getState: () => state, bus, ...options });
  const stream = clock.createStateStream<object>({ source, onError });
  const connection = stream.connect();
  updatesOf(connection);
  return {
    bus,
    stream,
    onError,
    emit: (event: Emitted) => bus.emit("change", event),
    updates: () => updatesOf(connection),
  };
}

describe("eventBusSource", () => {
  test("tells what the state is, not what the event says", () => {
    const state = { list: [1] };
    const { emit, updates } = runtime(state);
    state.list = [1, 2];
    emit({ slice: "list", after: ["a lie"] });
    expect(updates()).toStrictEqual([{ slice: "list", patches: [{ op: "add", path: "/1", value: 2 }] }]);
  });

  test("finds what was changed in place", () => {
    const state = { list: [1], other: {} };
    const { emit, updates } = runtime(state);
    for (const item of [2, 3]) {
      state.list.push(item);
      emit({ slice: "list", after: state.list });
      expect(updates()).toStrictEqual([{ slice: "list", patches: [{ op: "add", path: `/${item - 1}`, value: item }] }]);
    }
  });

  test("takes events that come late or out of order for what they are: nothing new", () => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, stream, updates } = runtime(state);
    state["n"] = 2;
    emit({ slice: "n", after: 2 });
    emit({ slice: "n", after: 1 });
    expect(updates()).toStrictEqual([{ slice: "n", value: 2 }]);
    expect(stream.state).toStrictEqual({ n: 2 });
  });

  test("looks again when an event comes before its state", async () => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state);
    const causingAction = { type: "increment" };
    emit({ slice: "n", after: 1, causingAction });
    state["n"] = 1;
    expect(updates()).toStrictEqual([]);
    await Promise.resolve();
    expect(updates()).toStrictEqual([{ slice: "n", value: 1, cause: { type: "increment" } }]);
  });

  test("does not look again when the event says what the state is", async () => {
    const state = { n: 1 };
    const getState = vi.fn<() => object>(() => state);
    const { emit } = runtime(state, { getState });
    getState.mockClear();
    emit({ slice: "n", after: 1 });
    emit({ slice: "n" });
    const asked = getState.mock.calls.length;
    await Promise.resolve();
    expect(getState).toHaveBeenCalledTimes(asked);
  });

  test("looks at every slice when an event names none", () => {
    const state: Record<string, Json> = { a: 0, b: 0 };
    const { bus, updates } = runtime(state);
    for (const event of [undefined, null, "change", [], {}, { slice: 7 }]) {
      state["a"] = (state["a"] as number) + 1;
      bus.emit("change", event);
      expect(updates()).toStrictEqual([{ slice: "a", value: state["a"] }]);
    }
  });

  test("tells of a removed slice, and of none that is a prototype's", () => {
    const state: Record<string, Json> = { a: 0 };
    const { emit, updates } = runtime(state);
    delete state["a"];
    emit({ slice: "a" });
    emit({ slice: "constructor" });
    emit({ slice: "__proto__" });
    expect(updates()).toStrictEqual([{ slice: "a", removed: true }]);
  });

  test.each([
    ["the default", undefined, { meta: { __ellie: { actionId: "e-1" } } }, "e-1"],
    ["the default, a number", undefined, { meta: { __ellie: { actionId: 0 } } }, 0],
    ["the default, of another kind", undefined, { meta: { __ellie: { actionId: {} } } }, undefined],
    ["the default, without", undefined, { meta: { __ellie: null } }, undefined],
    ["the configured one", (action: unknown) => (action as { uid: string }).uid, { uid: "u-1" }, "u-1"],
  ])("reads an action's id: %s", (_name, actionId, action, id) => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state, actionId && { actionId });
    state["n"] = 1;
    emit({ slice: "n", causingAction: { type: "t", payload: { password: "hunter2" }, ...action } });
    const cause = id === undefined ? { type: "t" } : { type: "t", id };
    expect(updates()).toStrictEqual([{ slice: "n", value: 1, cause }]);
  });

  test.each([undefined, null, "t", [], { type: 1 }, {}])("takes %j for no cause", (causingAction) => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state);
    state["n"] = 1;
    emit({ slice: "n", causingAction });
    expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
  });

  test("hears the event it was told to, until the stream is closed", async () => {
    const state: Record<string, Json> = { n: 0 };
    const { bus, stream, updates } = runtime(state, { event: "moved" });
    state["n"] = 1;
    bus.emit("change", { slice: "n" });
    expect(updates()).toStrictEqual([]);
    bus.emit("moved", { slice: "n", after: "another" });
    expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
    void stream.close();
    state["n"] = 2;
    expect(bus.listenerCount("moved")).toBe(0);
    await Promise.resolve();
    expect(updates()).toStrictEqual([]);
  });

  test("keeps a failing getState from the emitter and the process, and goes on when it is well", async () => {
    const state: Record<string, Json> = { n: 0 };
    let ill = false;
    const getState = () => {
      if (ill) throw new Error("ill");
      return state;
    };
    const { emit, onError, updates } = runtime(state, { getState });
    ill = true;
    state["n"] = 1;
    expect(() => emit({ slice: "n", after: 1 })).not.toThrow();
    await Promise.resolve();
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "source-failed" }));
    expect(updates()).toStrictEqual([]);
    emit({ slice: "n", after: 1 });
    ill = false;
    await Promise.resolve();
    expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
  });

  test.each<[string, object]>([
    ["no getState", { bus: new EventEmitter() }],
    ["no bus", { getState: () => ({}) }],
    ["a bus without off", { getState: () => ({}), bus: { on: () => undefined } }],
  ])("refuses %s", (_name, options) => {
    expect(errorOf(() => eventBusSource(options as EventBusSourceOptions<object>)).code).toBe("invalid-option");
  });
});

describe("causeOf", () => {
  test("keeps the payload, which is for the stream's option to tell or not", () => {
    expect(causeOf({ type: "t", payload: 0, more: 1 }, () => "i")).toStrictEqual({ type: "t", id: "i", payload: 0 });
    expect(causeOf({ type: "t" }, () => undefined)).toStrictEqual({ type: "t" });
  });

  test("goes without an id when actionId throws, and warns of it once", () => {
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const fail = (): never => {
      throw new Error("no");
    };
    for (let count = 0; count < 3; count++) expect(causeOf({ type: "t" }, fail)).toStrictEqual({ type: "t" });
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining("actionId threw: no. Causes"),
      "StateStreamWarning",
    );
    emitWarning.mockRestore();
  });
});

describe("changeOf", () => {
  const state = { slice: "a", cause: { type: "t" } };
  const change = { slice: "a", cause: { type: "t", id: 1, payload: 2 } };
  const nothing = { slice: undefined, cause: undefined };

  test.each<[string, unknown[], object]>([
    ["nothing", [], {}],
    ["undefined", [undefined], {}],
    ["an array", [[change]], {}],
    ["the state itself", [state], {}],
    ["the state and the one before", [state, { ...state }], {}],
    ["a change and more", [change, 1], {}],
    ["an object with other members", [{ ...change, todos: [] }], {}],
    ["a change with patches, which sources do not bring", [{ ...change, patches: [] }], {}],
    ["a change", [change], change],
    ["members of the wrong kind", [{ slice: 1, cause: "t" }], nothing],
    ["a cause without a type", [{ cause: { id: 1 } }], nothing],
    ["an empty change", [{}], nothing],
  ])("of %s", (_name, args, expected) => {
    expect(changeOf(args, state)).toStrictEqual(expected);
  });
});

test.each(["constructor", "__proto__", "toString", "absent"])("sliceOf finds no member %s that is not own", (name) => {
  expect(sliceOf({}, name)).toBeUndefined();
  expect(sliceOf(Object.fromEntries([[name, 1]]), name)).toBe(1);
});

test("a Zustand store is a source as it is, by its type too", () => {
  const store = createStore(() => ({ count: 0 }));
  const connection = createTestClock().createStateStream({ source: store }).connect();
  updatesOf(connection);
  store.setState({ count: 1 });
  expect(updatesOf(connection)).toStrictEqual([{ slice: "count", value: 1 }]);
});

describe("a state whose slices are named slice, patches and cause", () => {
  const first = { slice: "patches", patches: [{ op: "remove", path: "/0" }] as Json[], cause: { type: "secret" } };
  const second = { ...first, patches: [] as Json[] };
  const expected = [{ slice: "patches", patches: [{ op: "remove", path: "/0" }] }];
  const clock = createTestClock();

  test("is not mistaken for a change in a Zustand store", () => {
    const store = createStore(() => first);
    const connection = clock.createStateStream({ source: store }).connect();
    updatesOf(connection);
    store.setState(second);
    expect(updatesOf(connection)).toStrictEqual(expected);
  });

  test("is not mistaken for a change in a Redux Toolkit store", () => {
    const slice = createSlice({ name: "s", initialState: first, reducers: { next: () => second } });
    const store = configureStore({ reducer: slice.reducer });
    const connection = clock.createStateStream({ source: store }).connect();
    updatesOf(connection);
    store.dispatch(slice.actions.next());
    expect(updatesOf(connection)).toStrictEqual(expected);
  });
});
