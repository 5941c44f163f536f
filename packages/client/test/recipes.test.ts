import { configureStore, createSlice, type PayloadAction } from "@reduxjs/toolkit";
import { derived, get, type Readable } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createStore } from "zustand/vanilla";
import { createStateClient, type StateClient } from "../src/index.ts";
import { FakeServer, say, settled } from "./support/fake-server.ts";

// The recipes of the README.

interface Board {
  readonly title: string;
  readonly cards: readonly string[];
}

let server: FakeServer;
let client: StateClient<Board | undefined>;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer();
  client = createStateClient<Board>("http://server.test/events", { fetch: server.fetch });
  await settled();
});
afterEach(() => {
  client.close();
  vi.useRealTimers();
});

const first = say.initial({ title: "a", cards: [] }, 1);
const second = say.update("title", 2, 1, { value: "b" });

test("a Zustand store follows the client, removed slices included", async () => {
  const useBoard = createStore<Partial<Board>>()(() => ({}));
  client.subscribe(() => useBoard.setState(client.getState() ?? {}, true));
  await server.last.open(first);
  expect(useBoard.getState()).toStrictEqual({ title: "a", cards: [] });
  const { cards } = useBoard.getState();
  await server.last.send(second);
  expect(useBoard.getState()).toStrictEqual({ title: "b", cards: [] });
  expect(useBoard.getState().cards).toBe(cards);
  await server.last.send(say.update("title", 3, 2, { removed: true }));
  expect(useBoard.getState()).toStrictEqual({ cards: [] });
});

test("a Redux store follows the client", async () => {
  const reducers = { synced: (_: Partial<Board>, action: PayloadAction<Partial<Board>>) => action.payload };
  const { actions, reducer } = createSlice({ name: "board", initialState: {}, reducers });
  const store = configureStore({ reducer });
  client.subscribe(() => store.dispatch(actions.synced(client.getState() ?? {})));
  await server.last.open(first);
  await server.last.send(second);
  expect(store.getState()).toStrictEqual({ title: "b", cards: [] });
});

test("a Svelte store is one line", async () => {
  const board: Readable<Board | undefined> = {
    subscribe: (run) => (run(client.getState()), client.subscribe(() => run(client.getState()))),
  };
  const seen: (string | undefined)[] = [];
  const title = derived(board, (state) => state?.title);
  const stop = title.subscribe((value) => seen.push(value));
  await server.last.open(first);
  await server.last.send(second);
  expect(get(board)).toStrictEqual({ title: "b", cards: [] });
  stop();
  await server.last.send(say.update("title", 3, 2, { value: "c" }));
  expect(seen).toStrictEqual([undefined, "a", "b"]);
});

test("the example sees each state with its status", async () => {
  const seen: unknown[] = [];
  client.subscribe(() => seen.push([client.getState()?.title, client.getStatus().status]));
  await server.last.open(first);
  await client.ready;
  await server.last.send(second);
  await server.last.fail();
  expect(seen).toStrictEqual([
    ["a", "live"],
    ["b", "live"],
    ["b", "stale"],
  ]);
});
