import { expect, expectTypeOf, test } from "vitest";
import { configureStore } from "@reduxjs/toolkit";
import { createStore } from "zustand/vanilla";
import {
  type Connection,
  type ConnectionEvent,
  createStateStream,
  type Ending,
  eventBusSource,
  type Json,
  type Jsonified,
  type StateEvent,
  type StateOf,
  type StateSource,
  type StateStream,
  type StateUpdateEvent,
  StateStreamError,
  type StateStreamErrorCode,
  type WritableStateStream,
} from "../src/index.ts";

interface Board {
  tasks: { id: number; title: string }[];
  filter?: string;
}

// What is wrong here fails `tsc`, which runs over the tests; vitest runs them for what they do.

test("the state's type flows from initialState to set, patch, remove and `state`", () => {
  const stream = createStateStream({ initialState: { count: 0, name: "a" } });
  expectTypeOf(stream).toEqualTypeOf<WritableStateStream<{ count: number; name: string }>>();
  expectTypeOf(stream.state).toEqualTypeOf<Readonly<{ count: number; name: string }>>();
  expectTypeOf<StateOf<typeof stream>>().toEqualTypeOf<Readonly<{ count: number; name: string }>>();
  stream.set("count", 1);
  stream.set("count", (count) => {
    expectTypeOf(count).toEqualTypeOf<number>();
    return count + 1;
  });
  expect(stream.state).toEqual({ count: 2, name: "a" });
});

test("wrong names of slices and wrong values are rejected", () => {
  const stream = createStateStream<Board>({ initialState: { tasks: [] } });
  const wrong = (): void => {
    // @ts-expect-error no such slice
    stream.set("task", []);
    // @ts-expect-error no such slice
    stream.patch("task", []);
    // @ts-expect-error no such slice
    stream.remove("task");
    // @ts-expect-error not its type
    stream.set("tasks", "none");
    // @ts-expect-error not its type
    stream.set("tasks", () => [{ id: "1", title: "" }]);
    // @ts-expect-error an operation has an op
    stream.patch("tasks", [{ path: "/0" }]);
    // @ts-expect-error a cause has a type
    stream.set("tasks", [], { id: 1 });
    // @ts-expect-error names of slices only
    createStateStream({ initialState: { a: 1 }, slices: [1] });
    // @ts-expect-error no such slice
    createStateStream({ initialState: { a: 1 }, slices: ["b"] });
    // @ts-expect-error no such slice
    createStateStream<Board>({ initialState: { tasks: [] }, slices: () => ["tasks", "filters"] });
    // @ts-expect-error no such option
    createStateStream({ initialState: { a: 1 }, heartbeat: 1 });
  };
  expect(wrong).toBeTypeOf("function");
  stream.set("filter", "done");
  stream.set("filter", (filter) => {
    expectTypeOf(filter).toEqualTypeOf<string | undefined>();
    return filter;
  });
});

test("only optional slices can be removed", () => {
  const board = createStateStream<Board>({ initialState: { tasks: [], filter: "all" } });
  const wrong = (): void => {
    // @ts-expect-error a required slice
    board.set("tasks", undefined);
    // @ts-expect-error a required slice
    board.set("tasks", () => undefined);
    // @ts-expect-error a required slice
    board.remove("tasks");
  };
  expect(wrong).toBeTypeOf("function");
  board.set("filter", undefined);
  expect(board.state).toEqual({ tasks: [] });
  board.set("filter", "done");
  board.remove("filter");
  expect(board.state).toEqual({ tasks: [] });

  const rooms = createStateStream<Record<string, number>>({ initialState: { a: 1, b: 2 } });
  rooms.set("a", undefined);
  rooms.remove("b");
  expect(rooms.state).toEqual({});
});

interface Carried {
  at: Date;
  names: Map<string, number>;
  callback: () => void;
  maybe: number | undefined;
  maybeCallback?: () => void;
  readonly list: (Date | undefined)[];
  pair: readonly [string, Date];
  kind: "a" | "b";
  tree: Tree;
  any: unknown;
  filter?: string;
  [Symbol.iterator]: number;
}

interface Tree {
  name: string;
  children: Tree[];
}

test("the type of `state` is what JSON makes of the state's type", () => {
  expectTypeOf<Jsonified<Carried>>().toEqualTypeOf<{
    at: string;
    names: Record<never, never>;
    readonly list: (string | null)[];
    pair: readonly [string, string];
    kind: "a" | "b";
    tree: Jsonified<Tree>;
    any: unknown;
    filter?: string;
    maybe?: number;
  }>();
  expectTypeOf<Jsonified<Tree>>().toExtend<Tree>();
  expectTypeOf<Tree>().toExtend<Jsonified<Tree>>();
  expectTypeOf<Jsonified<Json>>().toExtend<Json>();
  expectTypeOf<Jsonified<Record<string, number>>>().toEqualTypeOf<Record<string, number>>();
  expectTypeOf<Jsonified<bigint>>().toEqualTypeOf<never>();

  const at = new Date(0);
  const initialState = { at, names: new Map([["a", 1]]), call: () => 1, list: [at, undefined], maybe: undefined };
  const { state } = createStateStream({ initialState });
  expect(state.at).toBe("1970-01-01T00:00:00.000Z");
  expect(state).toEqual({ at: state.at, names: {}, list: [state.at, null] });
  expectTypeOf(state.at).toEqualTypeOf<string>();
});

test("only slices that JSON leaves as they are can be patched", () => {
  const initialState: Pick<Carried, "at" | "list" | "kind" | "tree" | "any" | "filter"> = {
    at: new Date(0),
    list: [],
    kind: "a",
    tree: { name: "root", children: [] },
    any: [1],
    filter: "",
  };
  const stream = createStateStream({ initialState });
  const wrong = (): void => {
    // @ts-expect-error a Date becomes a string
    stream.patch("at", []);
    // @ts-expect-error a Date becomes a string
    stream.patch("list", []);
    // @ts-expect-error a Date becomes a string
    stream.append("at", "", "Z");
    // @ts-expect-error text is a string
    stream.append("tree", "/name", 1);
  };
  expect(wrong).toBeTypeOf("function");
  stream.patch("tree", [{ op: "replace", path: "/name", value: "top" }]);
  stream.patch("any", [{ op: "remove", path: "/0" }]);
  stream.patch("filter", [{ op: "replace", path: "", value: "done" }]);
  stream.patch("kind", [{ op: "replace", path: "", value: "b" }]);
  stream.append("filter", "", "!", { type: "token" });
  expect(stream.state).toMatchObject({ tree: { name: "top" }, any: [], filter: "done!", kind: "b" });
});

test("the connections of any stream, and how it ended, have types of their own", () => {
  const stream: StateStream = createStateStream({ initialState: { count: 0 } });
  expectTypeOf(stream.connections).toEqualTypeOf<Iterable<Connection>>();
  expectTypeOf(stream.closing).toEqualTypeOf<Ending | undefined>();
  expect([...stream.connections]).toEqual([]);
});

test("a stream is wanted: any stream will do", () => {
  const own = createStateStream({ initialState: { count: 0 } });
  const board = createStateStream<Board>({ initialState: { tasks: [] } });
  expectTypeOf(own).toExtend<StateStream>();
  expectTypeOf(board).toExtend<StateStream>();
  expectTypeOf(own).toExtend<StateStream<{ count: number }>>();
  expectTypeOf<StateStream<{ count: number }>>().toExtend<StateStream>();
  expectTypeOf<StateStream<{ count: number }>>().toExtend<StateStream<{ count: unknown }>>();
  expectTypeOf<StateStream<{ count: unknown }>>().not.toExtend<StateStream<{ count: number }>>();
  const streams: StateStream[] = [own, board];
  expect(streams).toHaveLength(2);
});

test("a stream over a source has nothing to write with", () => {
  const source: StateSource<Board> = { getState: () => ({ tasks: [] }), subscribe: () => () => {} };
  const stream = createStateStream({ source });
  expectTypeOf(stream).toEqualTypeOf<StateStream<Board>>();
  expectTypeOf(stream).not.toHaveProperty("set");
  expectTypeOf(stream.state.tasks).toEqualTypeOf<Board["tasks"]>();
});

test("stores are sources as they are", () => {
  const redux = configureStore({ reducer: { n: () => 1 } });
  const zustand = createStore<Board>(() => ({ tasks: [] }));
  expectTypeOf(createStateStream({ source: redux }).state.n).toEqualTypeOf<number>();
  expectTypeOf(createStateStream({ source: zustand })).toEqualTypeOf<StateStream<Board>>();
  expectTypeOf(eventBusSource<Board>).returns.toEqualTypeOf<StateSource<Board>>();
});

test("the slices function is given the state", () => {
  createStateStream<Board>({
    initialState: { tasks: [] },
    slices: (state) => {
      expectTypeOf(state).toEqualTypeOf<Board>();
      return ["tasks"];
    },
  });
});

test("events are distinguished by their type", () => {
  expectTypeOf<Extract<StateEvent, { type: "state.update" }>>().toEqualTypeOf<StateUpdateEvent>();
  expectTypeOf<StateEvent["type"]>().toEqualTypeOf<"state.initial" | "state.update" | "heartbeat" | "state.end">();
  expectTypeOf<ConnectionEvent["event"]>().toEqualTypeOf<StateEvent["type"]>();
  const read = (event: StateEvent): number => (event.type === "heartbeat" ? event.head : 0);
  expect(read({ type: "heartbeat", seq: 1, head: 2, heartbeatMs: 1, timestamp: 0 })).toBe(2);
});

test("errors have a closed set of codes", () => {
  const error = new StateStreamError("unknown-slice", "text", { slice: "a" });
  expectTypeOf(error.code).toEqualTypeOf<StateStreamErrorCode>();
  expectTypeOf(error.slice).toEqualTypeOf<string | undefined>();
  // @ts-expect-error no such code
  void new StateStreamError("no-such-code", "text");
});

test("what comes of the stream is read only", () => {
  const stream = createStateStream({ initialState: { count: 0 } });
  const wrong = (): void => {
    // @ts-expect-error read only
    stream.state.count = 1;
    // @ts-expect-error read only
    stream.stats().events = 1;
  };
  expect(wrong).toBeTypeOf("function");
});
