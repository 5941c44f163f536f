import { configureStore, createSlice } from "@reduxjs/toolkit";
import { describe, expect, test } from "vitest";
import { createStore } from "zustand/vanilla";
import type { Json } from "../../src/json/types.ts";
import { changeOf, sliceOf } from "../../src/state/source.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { updatesOf } from "../support/read.ts";

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
