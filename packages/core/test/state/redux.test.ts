import { autoBatchEnhancer, configureStore, createAsyncThunk, createSlice, prepareAutoBatched } from "@reduxjs/toolkit";
import { describe, expect, test } from "vitest";
import { causeEnhancer, type CauseEnhancerOptions } from "../../src/state/redux.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { updatesOf } from "../support/read.ts";

const load = createAsyncThunk("counter/load", () => Promise.resolve(5));
const counter = createSlice({
  name: "counter",
  initialState: { value: 0, status: "idle" },
  reducers: {
    added: (state, { payload }: { payload: number }) => void (state.value += payload),
    batched: {
      reducer: (state, { payload }: { payload: number }) => void (state.value += payload),
      prepare: prepareAutoBatched<number>(),
    },
    identified: {
      reducer: (state) => void state.value++,
      prepare: (id: unknown) => ({ payload: undefined, meta: { id } }),
    },
  },
  extraReducers: (builder) => {
    builder.addCase(load.pending, (state) => ({ ...state, status: "loading" }));
    builder.addCase(load.fulfilled, (_state, { payload }) => ({ value: payload, status: "idle" }));
  },
});
const { added, batched, identified } = counter.actions;

function follow(options?: CauseEnhancerOptions) {
  const store = configureStore({
    reducer: { counter: counter.reducer },
    enhancers: (base) => base({ autoBatch: false }).concat(autoBatchEnhancer({ type: "tick" })).prepend(causeEnhancer(options)), // prettier-ignore
  });
  const connection = createTestClock().createStateStream({ source: store }).connect();
  updatesOf(connection);
  return { store, causes: () => updatesOf(connection).map(({ cause }) => cause) };
}

describe("causeEnhancer", () => {
  test("sends an action's type, and never its payload", () => {
    const { store, causes } = follow();
    store.dispatch(added(1));
    expect(causes()).toStrictEqual([{ type: "counter/added" }]);
  });

  test("works with the enhancers of configureStore as they are", () => {
    const store = configureStore({
      reducer: { counter: counter.reducer },
      enhancers: (base) => base().prepend(causeEnhancer()),
    });
    const connection = createTestClock().createStateStream({ source: store }).connect();
    updatesOf(connection);
    store.dispatch(added(1));
    expect(updatesOf(connection)).toMatchObject([{ slice: "counter", cause: { type: "counter/added" } }]);
  });

  test("sends the actions that a thunk dispatches", () => {
    const { store, causes } = follow();
    store.dispatch((dispatch) => {
      dispatch(added(1));
      dispatch(identified("i-1"));
    });
    expect(causes()).toStrictEqual([{ type: "counter/added" }, { type: "counter/identified", id: "i-1" }]);
  });

  test("sends the request id of an async thunk", async () => {
    const { store, causes } = follow();
    const request = store.dispatch(load());
    expect(causes()).toStrictEqual([{ type: "counter/load/pending", id: request.requestId }]);
    await request;
    expect(causes()).toStrictEqual([{ type: "counter/load/fulfilled", id: request.requestId }]);
  });

  test("lets the last of batched actions stand for all", async () => {
    const { store, causes } = follow();
    store.dispatch(batched(1));
    store.dispatch({ ...batched(2), type: "ignored" });
    expect(causes()).toStrictEqual([]);
    await Promise.resolve();
    expect(causes()).toStrictEqual([{ type: "ignored" }]);
  });

  test.each([
    [undefined, "i", "i"],
    [undefined, 0, 0],
    [undefined, { not: "an id" }, undefined],
    [() => "mine", "i", "mine"],
    [() => undefined, "i", undefined],
  ])("with actionId %s reads from meta.id %j the id %j", (actionId, metaId, id) => {
    const { store, causes } = follow(actionId && { actionId });
    store.dispatch(identified(metaId));
    expect(causes()).toStrictEqual([
      id === undefined ? { type: "counter/identified" } : { type: "counter/identified", id },
    ]);
  });

  test("does not send an action that changed nothing as the cause of the next change", () => {
    const { store, causes } = follow();
    store.dispatch({ type: "ignored" });
    expect(causes()).toStrictEqual([]);
    store.dispatch(added(1));
    expect(causes()).toStrictEqual([{ type: "counter/added" }]);
  });

  test("goes on after replaceReducer", () => {
    const { store, causes } = follow();
    store.replaceReducer((state) => ({ counter: { value: (state?.counter.value ?? 0) + 1, status: "new" } }));
    causes();
    store.dispatch({ type: "any" });
    expect(causes()).toStrictEqual([{ type: "any" }]);
  });

  test("leaves the store what it was: state, dispatch's result, unsubscribing", () => {
    const { store } = follow();
    let heard = 0;
    const unsubscribe = store.subscribe(() => heard++);
    expect(store.dispatch(added(2))).toStrictEqual(added(2));
    expect(store.getState().counter.value).toBe(2);
    unsubscribe();
    store.dispatch(added(1));
    expect(heard).toBe(1);
  });
});
