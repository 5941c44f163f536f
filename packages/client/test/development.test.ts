import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from "vitest";
import { createStateClient, type InitialState, type StateClient, type StateClientOptions } from "../src/index.ts";
import { FakePage } from "./support/fake-page.ts";
import { FakeServer, say, settled } from "./support/fake-server.ts";

// NODE_ENV is "test" here, which is development: anything but "production".

interface State {
  readonly todos: readonly { readonly id: number; readonly title: string }[];
}

const clients: StateClient<unknown>[] = [];
let server: FakeServer;
let warn: MockInstance<typeof console.warn>;

beforeEach(() => {
  vi.useFakeTimers();
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  server = new FakeServer();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

type Options = StateClientOptions<keyof State> & { initial?: InitialState<State> };

async function open(options: Options = {}, url = "http://server.test/events") {
  const all = { fetch: server.fetch, onError: () => {}, ...options } as StateClientOptions<keyof State>;
  const client = createStateClient<State>(url, all);
  clients.push(client);
  await settled();
  return client;
}

const rows = [
  { id: 2, title: "b" },
  { id: 1, title: "a" },
];

describe("a state that is handed out", () => {
  test("cannot be sorted in place: the mutation throws where it happens", async () => {
    const errors: unknown[] = [];
    const client = await open({ onError: ({ cause }) => errors.push(cause) });
    client.subscribe(
      () => void (client.getState() as unknown as { todos: { id: number }[] }).todos.sort((a, b) => a.id - b.id),
    );
    await server.last.open(say.initial({ todos: rows }, 5));
    expect(errors).toMatchObject([expect.any(TypeError)]);
    const patches = [{ op: "replace" as const, path: "/0/title", value: "B" }];
    await server.last.send(say.update("todos", 6, 5, { patches }));
    expect(client.getState()).toStrictEqual({ todos: [{ id: 2, title: "B" }, rows[1]] });
  });

  test("is frozen all the way down, after each change, and later changes still apply", async () => {
    const client = await open();
    await server.last.open(say.initial({ todos: rows, tree: { a: { b: {} } } }, 5));
    const isFrozen = (value: unknown): boolean =>
      Object(value) !== value || (Object.isFrozen(value) && Object.values(value as object).every(isFrozen));
    expect(isFrozen(client.getState())).toBe(true);
    const patches = [
      { op: "add" as const, path: "/-", value: { id: 3, tags: [] } },
      { op: "add" as const, path: "/2/tags/-", value: { deep: {} } },
    ];
    await server.last.send(say.update("todos", 6, 5, { patches }));
    expect(client.getState()?.todos).toHaveLength(3);
    expect(isFrozen(client.getState())).toBe(true);
  });

  test("of any depth is frozen without recursion", async () => {
    const client = await open();
    const depth = 100_000;
    const frame = say.initial({ todos: 0 }, 5).replace('"todos":0', `"todos":${"[".repeat(depth)}${"]".repeat(depth)}`);
    await server.last.open(frame);
    expect(Object.isFrozen(client.getState()?.todos)).toBe(true);
  });

  test("is not frozen on a server, where the initial state may be a store's own", async () => {
    const initial = { state: { todos: [...rows] }, eventId: "e.5" };
    const onServer = await open({ initial });
    expect(Object.isFrozen(onServer.getState())).toBe(false);
    expect(Object.isFrozen(initial.state.todos)).toBe(false);
    new FakePage();
    const inPage = await open({ initial });
    expect(Object.isFrozen(inPage.getState()?.todos)).toBe(true);
  });
});

describe("a warning", () => {
  test("names the slices that were requested and are not there, and those that are", async () => {
    await open({ slices: ["todos", "tdos"] as never });
    await server.last.open(say.initial({ todos: [] }, 5));
    expect(warn.mock.calls.flat()).toStrictEqual([
      "[statestream] http://server.test/events: The stream has no slice tdos for this client right now. It may be " +
        "misspelt, not allowed, or not exist yet. There is: todos.",
    ]);
    await server.last.send(say.initial({ todos: [] }, 6));
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test("comes once for each kind of failure where there is no onError", async () => {
    await open({ onError: undefined as never });
    for (let attempt = 1; attempt <= 3; attempt++) {
      server.last.answer(503);
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(server.requests.length).toBeGreaterThan(2);
    expect(warn.mock.calls.flat()).toStrictEqual([
      "[statestream] http://server.test/events: The server answered 503 . (http) Set the option onError to handle this.",
    ]);
  });

  test("comes with the sixth connection to an origin over HTTP/1.1, and not if one was closed before", async () => {
    new FakePage();
    for (let count = 1; count <= 5; count++) await open({}, `http://six.test/${count}`);
    clients.pop()?.close();
    await open({}, "http://six.test/again");
    await open({}, "http://other.test/");
    expect(warn).not.toHaveBeenCalled();
    await open({}, "http://six.test/sixth");
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.lastCall?.[0]).toMatch(/^\[statestream\] http:\/\/six.test has 6 open streams of this page/);
  });

  test("of six connections does not come over TLS, unless the browser says HTTP/1.1", async () => {
    new FakePage();
    for (let count = 1; count <= 6; count++) await open({}, `https://h2.test/${count}`);
    expect(warn).not.toHaveBeenCalled();
    const entries = [{ name: "https://h1.test/app.js", nextHopProtocol: "http/1.1" }];
    vi.spyOn(performance, "getEntriesByType").mockReturnValue(entries as never);
    for (let count = 1; count <= 6; count++) await open({}, `https://h1.test/${count}`);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

test("nothing of this is in production", async () => {
  vi.doMock("#development", () => import("../src/production.ts"));
  vi.resetModules();
  const { createStateClient: create } = await import("../src/index.ts");
  const client = create<State>("http://server.test/events", { fetch: server.fetch, slices: ["tdos"] as never });
  clients.push(client);
  await settled();
  await server.last.open(say.initial({ todos: rows }, 5));
  await server.last.fail();
  expect(Object.isFrozen(client.getState())).toBe(false);
  expect(warn).not.toHaveBeenCalled();
  vi.doUnmock("#development");
});
