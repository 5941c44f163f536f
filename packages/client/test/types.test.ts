import { afterEach, expectTypeOf, test } from "vitest";
import { createStateClient, type DeepReadonly, type StateClient, type StreamStatus } from "../src/index.ts";

// Checked by tsc; here the same lines run.

interface State {
  readonly count: number;
  readonly user: { readonly name: string };
}

const options = { signal: AbortSignal.abort() };
const clients: { close(): void }[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.close()));

test("the state has the type given, and may not be there yet", () => {
  const client = createStateClient<State>("http://server.test/", options);
  clients.push(client);
  expectTypeOf(client).toEqualTypeOf<StateClient<State | undefined>>();
  expectTypeOf(client.getState()).toEqualTypeOf<State | undefined>();
  expectTypeOf(client.getState()?.user.name).toEqualTypeOf<string | undefined>();
  // @ts-expect-error it may not be there yet
  void (() => client.getState().count);
});

test("the state is there where an initial one is given, and its type need not be said", () => {
  const state: State = { count: 1, user: { name: "Ada" } };
  const client = createStateClient("http://server.test/", { ...options, initial: { state, eventId: "e.0" } });
  clients.push(client);
  expectTypeOf(client).toEqualTypeOf<StateClient<State>>();
  expectTypeOf(client.getState().user.name).toEqualTypeOf<string>();
});

test("an initial state must be of the type given, with its id", () => {
  const initial = { state: { count: "1" }, eventId: "e.0" };
  // @ts-expect-error count is a number
  clients.push(createStateClient<State>("http://server.test/", { ...options, initial }));
  const state: State = { count: 1, user: { name: "Ada" } };
  // @ts-expect-error without its position it cannot be resumed
  clients.push(createStateClient<State>("http://server.test/", { ...options, initial: { state } }));
});

test("the state is an object", () => {
  // @ts-expect-error its members are the slices
  clients.push(createStateClient<number>("http://server.test/", options));
});

test("subscribe and getStatus are what useSyncExternalStore takes", () => {
  const client = createStateClient<State>("http://server.test/", options);
  clients.push(client);
  expectTypeOf(client.subscribe).toExtend<(onStoreChange: () => void) => () => void>();
  expectTypeOf(client.getStatus()).toEqualTypeOf<StreamStatus>();
  expectTypeOf(client.getStatus().status).toEqualTypeOf<"connecting" | "live" | "stale" | "closed">();
});

test("a selector sees the type of the state", () => {
  const client = createStateClient<State>("http://server.test/", options);
  clients.push(client);
  const select = <T, R>(from: StateClient<T>, selector: (state: T) => R): R => selector(from.getState());
  expectTypeOf(select(client, (state) => state?.count)).toEqualTypeOf<number | undefined>();
});

test("a client of more is a client of less", () => {
  const client = createStateClient<State>("http://server.test/", options);
  clients.push(client);
  expectTypeOf(client).toExtend<StateClient<{ readonly count: number } | undefined>>();
});

test("the state is readonly all the way down, whatever its type says", () => {
  interface Board {
    title: string;
    rows: { id: number; tags: string[] }[];
    pair: [number, { on: boolean }];
  }
  const client = createStateClient<Board>("http://server.test/", options);
  clients.push(client);
  expectTypeOf(client.getState()?.rows).toEqualTypeOf<
    readonly { readonly id: number; readonly tags: readonly string[] }[] | undefined
  >();
  expectTypeOf(client.getState()?.pair).toEqualTypeOf<readonly [number, { readonly on: boolean }] | undefined>();
  // @ts-expect-error later changes build on this array
  void ((state: DeepReadonly<Board>) => state.rows.reverse());
  // @ts-expect-error nor may its rows be written to
  void ((state: DeepReadonly<Board>) => (state.rows[0]!.id = 1));
});

test("a slice that the state does not have is an error", () => {
  clients.push(createStateClient<State>("http://server.test/", { ...options, slices: ["count", "user"] }));
  // @ts-expect-error no such slice
  clients.push(createStateClient<State>("http://server.test/", { ...options, slices: ["cuont"] }));
});

test("a recipe makes a state of the same type", () => {
  const client = createStateClient<State>("http://server.test/", options);
  clients.push(client);
  const saved = Promise.resolve();
  void client.optimistic((state) => ({ ...state, count: state.count + 1 }), saved).catch(() => {});
  // @ts-expect-error count is a number
  void client.optimistic((state) => ({ ...state, count: "1" }), saved).catch(() => {});
});
