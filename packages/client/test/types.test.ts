import { afterEach, expectTypeOf, test } from "vitest";
import { createStateClient, type StateClient, type StreamStatus } from "../src/index.ts";

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
