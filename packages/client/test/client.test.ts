import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createStateClient,
  type InitialState,
  type StateClient,
  type StateClientOptions,
  type StateClientError,
} from "../src/index.ts";
import { FakePage } from "./support/fake-page.ts";
import { FakeServer, say, settled } from "./support/fake-server.ts";

interface State {
  readonly a?: number;
  readonly b?: number;
}

const URL = "http://server.test/events";
const RETRY = "retry: 3000\n";
const START = RETRY + say.initial({ a: 1 }, 5);

let server: FakeServer;
let client: StateClient<State | undefined>;
let errors: StateClientError[];

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  server = new FakeServer();
  errors = [];
});
afterEach(() => {
  client.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function create(options: StateClientOptions & { initial?: InitialState<State> } = {}): void {
  const onError = (error: StateClientError): void => void errors.push(error);
  // Without `initial` there may be no state; here it may be either way.
  client = createStateClient<State>(URL, { fetch: server.fetch, onError, ...options } as StateClientOptions<never>);
}

/** A client that is live at event 5, and the calls of one subscriber from then on. */
async function live(options: StateClientOptions = {}): Promise<() => number> {
  create(options);
  await settled();
  await server.last.open(START);
  expect(client.getStatus().status).toBe("live");
  return countCalls();
}

function countCalls(): () => number {
  const subscriber = vi.fn<() => void>();
  client.subscribe(subscriber);
  return () => subscriber.mock.calls.length;
}

/** When requests were made, in milliseconds since the test began. */
const times = (): number[] => server.requests.map(({ at }) => at - 1_000_000);

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

describe("connecting", () => {
  test("begins at once, without an id, and there is no state yet", async () => {
    create();
    expect(client.getState()).toBeUndefined();
    expect(client.getStatus()).toStrictEqual({
      status: "connecting",
      since: 1_000_000,
      attempt: 1,
      resumed: false,
      eventId: undefined,
      error: undefined,
      bytes: 0,
    });
    await settled();
    expect(server.requests).toHaveLength(1);
    expect(server.last.url.href).toBe(`${URL}?ops=append`);
    expect(server.last.lastEventId).toBeNull();
  });

  test("is live and ready with the first snapshot", async () => {
    create();
    const isReady = vi.fn<() => void>();
    void client.ready.then(isReady);
    await pass(100);
    expect(isReady).not.toHaveBeenCalled();
    await server.last.open(START);
    expect(isReady).toHaveBeenCalledTimes(1);
    expect(client.getState()).toStrictEqual({ a: 1 });
    expect(client.getStatus()).toStrictEqual({
      status: "live",
      since: 1_000_100,
      attempt: 0,
      resumed: false,
      eventId: "e.5",
      error: undefined,
      bytes: START.length,
    });
  });

  test("requests its slices, one parameter each, and keeps the parameters of the URL", async () => {
    client = createStateClient<Record<string, never>>(new globalThis.URL(`${URL}?room=1`), {
      fetch: server.fetch,
      slices: ["a,b", "c&d"],
    });
    await settled();
    expect(server.last.url.searchParams.getAll("slices")).toStrictEqual(["a,b", "c&d"]);
    expect(server.last.url.searchParams.get("room")).toBe("1");
  });

  test("sends headers and credentials", async () => {
    create({ headers: { authorization: "Bearer x" }, credentials: "include" });
    await settled();
    expect(server.last.headers.get("authorization")).toBe("Bearer x");
    expect(server.last.credentials).toBe("include");
  });

  test("uses the global fetch by default", async () => {
    vi.stubGlobal("fetch", server.fetch);
    client = createStateClient(URL);
    await settled();
    expect(server.requests).toHaveLength(1);
  });

  test("takes a URL relative to the page", async () => {
    const page = new FakePage("http://page.test/app/index.html");
    client = createStateClient("../events", { fetch: server.fetch });
    await settled();
    expect(server.last.url.href).toBe("http://page.test/events?ops=append");
    client.close();
    expect(page.listeners).toBe(0);
  });

  test("a malformed URL throws at once", () => {
    create();
    expect(() => createStateClient("http://", { fetch: server.fetch })).toThrow(TypeError);
    expect(server.requests).toHaveLength(0);
  });

  test("a relative URL where nothing gives it a base leaves the client closed, and ready pending", async () => {
    const isSettled = vi.fn<() => void>();
    const initial = { state: { a: 1 }, eventId: "e.5" };
    client = createStateClient<State>("/events", { fetch: server.fetch });
    const rendered = createStateClient<State>("/events", { fetch: server.fetch, initial });
    void client.ready.then(isSettled, isSettled);
    await pass(100_000);
    expect(server.requests).toHaveLength(0);
    expect(isSettled).not.toHaveBeenCalled();
    expect(client.getState()).toBeUndefined();
    expect(client.getStatus()).toMatchObject({ status: "closed", error: undefined, attempt: 0 });
    expect(rendered.getState()).toBe(initial.state);
    expect(rendered.getStatus()).toMatchObject({ status: "closed", eventId: "e.5" });
    await expect(rendered.ready).resolves.toStrictEqual(["a"]);
  });

  test("ready resolves with the names of the slices, so that a misspelt or forbidden one is noticed", async () => {
    create({ slices: ["a", "typo"] as never });
    await settled();
    await server.last.open(START);
    await expect(client.ready).resolves.toStrictEqual(["a"]);
  });
});

describe("headers", () => {
  test("of a function are awaited, and requested again at each attempt", async () => {
    let count = 0;
    let release = (): void => {};
    const headers = async (): Promise<Record<string, string>> => {
      await new Promise<void>((resolve) => (release = resolve));
      return { authorization: `Bearer ${++count}` };
    };
    create({ headers });
    await settled();
    expect(server.requests).toHaveLength(0);
    release();
    await settled();
    expect(server.last.headers.get("authorization")).toBe("Bearer 1");
    await server.last.open(START);
    await server.last.fail();
    await pass(10_000);
    expect(server.requests).toHaveLength(1);
    release();
    await settled();
    expect(server.last.headers.get("authorization")).toBe("Bearer 2");
  });

  test.each([
    ["throw", () => Promise.reject(new Error("no token"))],
    ["are none", () => ({ "no name": "x" })],
  ])("that %s are tried again", async (_name, headers) => {
    create({ headers });
    await pass(10_000);
    expect(server.requests).toHaveLength(0);
    expect(errors.length).toBeGreaterThan(1);
    expect(new Set(errors.map(({ code }) => code))).toStrictEqual(new Set(["headers"]));
    expect(client.getStatus()).toMatchObject({ status: "connecting", error: { code: "headers" } });
  });

  test("that never come are given up after the watchdog's time", async () => {
    const headers = vi.fn<() => Promise<never>>(() => new Promise(() => {}));
    create({ headers });
    await pass(37_500);
    expect(errors).toMatchObject([{ code: "timeout" }]);
    await pass(10_000);
    expect(headers).toHaveBeenCalledTimes(2);
  });
});

describe("the position", () => {
  test("is sent as Last-Event-ID to the same origin", async () => {
    vi.stubGlobal("location", new globalThis.URL("http://server.test/page"));
    await live();
    await server.last.fail();
    await pass(10_000);
    expect(server.requests).toHaveLength(2);
    expect(server.last.lastEventId).toBe("e.5");
    expect(server.last.url.search).toBe("?ops=append");
  });

  test("is sent in the query to another origin, each time anew", async () => {
    vi.stubGlobal("location", new globalThis.URL("http://page.test/"));
    await live();
    await server.last.fail();
    await pass(10_000);
    expect(server.last.lastEventId).toBeNull();
    expect(server.last.url.searchParams.getAll("lastEventId")).toStrictEqual(["e.5"]);
    await server.last.open(say.heartbeat(5, 5), say.heartbeat(9, 5));
    await server.last.fail();
    await pass(10_000);
    expect(server.requests).toHaveLength(3);
    expect(server.last.url.searchParams.getAll("lastEventId")).toStrictEqual(["e.9"]);
  });

  test("is removed from the query too once a snapshot is requested", async () => {
    vi.stubGlobal("location", new globalThis.URL("http://page.test/"));
    await live();
    await server.last.fail();
    await pass(10_000);
    await server.last.open(say.heartbeat(5, 5), say.heartbeat(6, 6));
    await pass(10_000);
    expect(server.requests).toHaveLength(3);
    expect(server.last.url.search).toBe("?ops=append");
  });

  test("is that of the last event applied, not of one that was only begun", async () => {
    await live();
    const update = say.update("a", 6, 5, { value: 2 });
    await server.last.send(update.slice(0, -1));
    expect(client.getStatus().eventId).toBe("e.5");
    await server.last.fail();
    await pass(10_000);
    expect(server.last.lastEventId).toBe("e.5");
    await server.last.open(say.heartbeat(5, 6), update);
    expect(client.getStatus().eventId).toBe("e.6");
    expect(client.getState()).toStrictEqual({ a: 2 });
  });

  test("and the state belong together in every notification and in onEvent", async () => {
    const pairs: unknown[] = [];
    const note = (): void => void pairs.push([client.getStatus().eventId, client.getState()?.a]);
    await live({ onEvent: note });
    pairs.length = 0;
    client.subscribe(note);
    await server.last.send(say.update("a", 6, 5, { value: 2, more: true }), say.update("a", 7, 6, { value: 3 }));
    expect(pairs).toStrictEqual([
      ["e.6", 2],
      ["e.7", 3],
      ["e.7", 3],
    ]);
  });

  test("is not moved by an event that was sent twice: what came after must not be sent again", async () => {
    await live();
    const append = say.update("a", 6, 5, { value: 2 });
    await server.last.send(append, say.update("b", 7, 5, { value: 1 }), append);
    expect(client.getStatus().eventId).toBe("e.7");
  });
});

describe("an initial state", () => {
  const initial = { state: { a: 1 }, eventId: "e.5" };

  test("is what getInitialState gives, whatever has arrived since", async () => {
    create({ initial });
    await settled();
    await server.last.open(say.heartbeat(5, 5), say.update("a", 6, 5, { value: 2 }));
    expect(client.getState()).toStrictEqual({ a: 2 });
    expect(client.getInitialState()).toBe(initial.state);
  });

  test("is there from the start, stale, and ready", async () => {
    create({ initial });
    expect(client.getState()).toBe(initial.state);
    expect(client.getStatus()).toMatchObject({ status: "stale", eventId: "e.5", attempt: 1 });
    await expect(client.ready).resolves.toStrictEqual(["a"]);
  });

  test("resumes from its id", async () => {
    create({ initial });
    const calls = countCalls();
    await settled();
    expect(server.last.lastEventId).toBe("e.5");
    await server.last.open(RETRY, say.heartbeat(5, 5));
    expect(client.getState()).toBe(initial.state);
    expect(client.getStatus()).toMatchObject({ status: "live", resumed: true, attempt: 0 });
    expect(calls()).toBe(1);
  });

  test("is replaced where the server cannot resume", async () => {
    create({ initial });
    await settled();
    await server.last.open(say.initial({ a: 2 }, 0, { reason: "epoch" }));
    expect(client.getState()).toStrictEqual({ a: 2 });
    expect(client.getStatus()).toMatchObject({ status: "live", resumed: false });
    expect(initial.state).toStrictEqual({ a: 1 });
  });
});

describe("status", () => {
  test("is the same object while nothing changes", async () => {
    await live();
    const status = client.getStatus();
    expect(client.getStatus()).toBe(status);
    await server.last.send(say.heartbeat(5, 5));
    expect(client.getStatus()).not.toBe(status);
    expect(client.getStatus()).toBe(client.getStatus());
  });

  test("is stale while the connection is lost, and counts attempts", async () => {
    await live();
    await pass(1000);
    await server.last.fail();
    expect(client.getStatus()).toMatchObject({
      status: "stale",
      since: 1_001_000,
      attempt: 0,
      error: { code: "network" },
    });
    await pass(4500);
    expect(client.getStatus()).toMatchObject({ status: "stale", since: 1_001_000, attempt: 1 });
    await server.last.fail();
    await pass(10_000);
    expect(client.getStatus()).toMatchObject({ status: "stale", since: 1_001_000, attempt: 2 });
    await server.last.open(say.initial({ a: 1 }, 9));
    expect(client.getStatus()).toMatchObject({ status: "live", since: 1_016_500 - 1000, attempt: 0, error: undefined });
  });

  test("is connecting while there was never a state, also after failures", async () => {
    create();
    await settled();
    await server.last.fail();
    expect(client.getStatus()).toMatchObject({ status: "connecting", error: { code: "network" } });
  });

  test("is live only when everything up to the head has been applied", async () => {
    await live();
    await server.last.fail();
    await pass(10_000);
    const calls = countCalls();
    await server.last.open(say.heartbeat(5, 8));
    expect(client.getStatus()).toMatchObject({ status: "stale", attempt: 1 });
    await server.last.send(say.update("a", 7, 5, { value: 2 }));
    expect(client.getStatus()).toMatchObject({ status: "stale" });
    expect(client.getState()).toStrictEqual({ a: 2 });
    expect(calls()).toBe(1);
    await server.last.send(say.update("b", 8, 0, { value: 1 }));
    expect(client.getStatus()).toMatchObject({ status: "live", resumed: true, attempt: 0 });
    expect(calls()).toBe(2);
  });

  test("is not live in the middle of the commit that reaches the head", async () => {
    await live();
    await server.last.fail();
    await pass(10_000);
    await server.last.open(say.heartbeat(5, 6), say.update("a", 6, 5, { value: 2, more: true }));
    expect(client.getStatus().status).toBe("stale");
    await server.last.send(say.heartbeat(7, 6));
    expect(client.getStatus().status).toBe("live");
  });

  test("is stale while the server reports that its own state is stale", async () => {
    const calls = await live();
    await server.last.send(say.heartbeat(5, 5, { stale: true }));
    expect(client.getStatus().status).toBe("stale");
    expect(calls()).toBe(1);
    await server.last.send(say.heartbeat(5, 5, { stale: true }));
    expect(calls()).toBe(1);
    await server.last.send(say.heartbeat(5, 5));
    expect(client.getStatus().status).toBe("live");
    expect(calls()).toBe(2);
  });
});

describe("notifications", () => {
  test("come once for each commit, not for each event", async () => {
    const states: unknown[] = [];
    await live();
    client.subscribe(() => states.push(client.getState()));
    await server.last.send(
      say.update("a", 6, 5, { value: 2, more: true }),
      say.update("b", 7, 5, { value: 2 }),
      say.update("a", 8, 6, { value: 3 }),
    );
    expect(states).toStrictEqual([
      { a: 2, b: 2 },
      { a: 3, b: 2 },
    ]);
  });

  test.each<[string, string]>([
    ["a heartbeat", say.heartbeat(7, 6)],
    ["a snapshot", say.initial({ a: 2 }, 9)],
    ["an event that was there already", say.update("a", 6, 5, { value: 2 })],
    ["an end", say.end("draining", true)],
  ])("come at %s where a commit's last event was not for us", async (_name, text) => {
    const calls = await live();
    await server.last.send(say.update("a", 6, 5, { value: 2, more: true }));
    expect(calls()).toBe(0);
    await server.last.send(text);
    expect(calls()).toBe(1);
    expect(client.getState()).toStrictEqual({ a: 2 });
  });

  test("come at the end of the response where a commit was not complete", async () => {
    await live();
    const states: unknown[] = [];
    client.subscribe(() => states.push(client.getState()));
    await server.last.send(say.update("a", 6, 5, { value: 2, more: true }));
    await server.last.end();
    expect(states).toStrictEqual([{ a: 2 }]);
  });

  test("come not for a heartbeat, nor for an event that changes nothing", async () => {
    const calls = await live();
    await server.last.send(
      say.heartbeat(6, 5),
      say.update("a", 7, 5, { value: 1 }),
      say.update("never", 8, 0, { removed: true }),
      say.initial({ a: 1 }, 9),
    );
    expect(calls()).toBe(0);
    expect(client.getStatus().eventId).toBe("e.9");
  });

  test("find a new state after each commit, also when it was read in the middle of one", async () => {
    await live();
    await server.last.send(say.update("a", 6, 5, { value: 2, more: true }));
    const middle = client.getState();
    await server.last.send(say.update("b", 7, 5, { value: 2 }));
    expect(middle).toStrictEqual({ a: 2 });
    expect(client.getState()).not.toBe(middle);
  });

  test("of each subscription stop when it is ended, also those of the same function", async () => {
    await live();
    const fn = vi.fn<() => void>();
    const [stop] = [client.subscribe(fn), client.subscribe(fn)];
    stop();
    stop();
    await server.last.send(say.update("a", 6, 5, { value: 2 }));
    expect(fn).toHaveBeenCalledTimes(1);
  });

  test("reach nobody who was unsubscribed by another in the middle of one", async () => {
    await live();
    const late = vi.fn<() => void>();
    client.subscribe(() => stop());
    const stop = client.subscribe(late);
    await server.last.send(say.update("a", 6, 5, { value: 2 }));
    expect(late).not.toHaveBeenCalled();
  });

  test("reach nobody who subscribed in the middle of one", async () => {
    await live();
    const late = vi.fn<() => void>();
    client.subscribe(() => void client.subscribe(late));
    await server.last.send(say.update("a", 6, 5, { value: 2 }));
    expect(late).not.toHaveBeenCalled();
  });

  test("reach the others when one throws, and onError is called", async () => {
    await live();
    const cause = new Error("mine");
    client.subscribe(() => {
      throw cause;
    });
    const calls = countCalls();
    await server.last.send(say.update("a", 6, 5, { value: 2 }));
    expect(calls()).toBe(1);
    expect(errors).toMatchObject([{ code: "listener", cause }]);
    expect(client.getStatus().status).toBe("live");
  });

  test("of one that throws are not lost where there is no onError: they are thrown to the host", async () => {
    await live({ onError: undefined as never });
    const thrown: unknown[] = [];
    vi.spyOn(globalThis, "queueMicrotask").mockImplementation((callback) => {
      try {
        callback();
      } catch (error) {
        thrown.push(error);
      }
    });
    const cause = new Error("mine");
    client.subscribe(() => {
      throw cause;
    });
    await server.last.send(say.update("a", 6, 5, { value: 2 }));
    expect(thrown).toMatchObject([{ code: "listener", cause }]);
    expect(client.getStatus().status).toBe("live");
  });

  test("observe sees the events from then on, as onEvent does, until it is stopped", async () => {
    const seen: string[] = [];
    await live();
    const stop = client.observe(({ type }) => seen.push(`first ${type}`));
    client.observe(({ type }) => seen.push(`second ${type}`));
    await server.last.send(say.update("a", 6, 5, { value: 2 }));
    stop();
    await server.last.send(say.update("a", 7, 6, { value: 3 }));
    expect(seen).toEqual(["first state.update", "second state.update", "second state.update"]);
  });

  test("onEvent sees every event after it was applied, with its id and bytes", async () => {
    const seen: unknown[] = [];
    await live({ onEvent: ({ type }, details) => seen.push([type, details, client.getState()?.a]) });
    seen.length = 0;
    const update = say.update("a", 6, 5, { value: 2 });
    await server.last.send(update, say.heartbeat(6, 6), say.end("draining", true));
    const bytes = (text: string): number => Buffer.byteLength(text.split("\n")[1] as string) - "data: ".length;
    expect(seen).toStrictEqual([
      ["state.update", { id: "e.6", bytes: bytes(update) }, 2],
      ["heartbeat", { id: "e.6", bytes: bytes(say.heartbeat(6, 6)) }, 2],
      ["state.end", { id: undefined, bytes: bytes(say.end("draining", true)) }, 2],
    ]);
  });
});

test("a client's functions work when they are called without it, as useSyncExternalStore calls them", async () => {
  await live();
  const { getState, getStatus, subscribe, close } = client;
  const fn = vi.fn<() => void>();
  subscribe(fn);
  close();
  expect(fn).toHaveBeenCalledTimes(1);
  expect(getState()).toStrictEqual({ a: 1 });
  expect(getStatus().status).toBe("closed");
});

describe("closing", () => {
  test("disconnects, keeps the state and notifies once", async () => {
    const calls = await live();
    client.close();
    client.close();
    expect(server.last.signal.aborted).toBe(true);
    expect(client.getState()).toStrictEqual({ a: 1 });
    expect(client.getStatus()).toMatchObject({ status: "closed", error: undefined, eventId: "e.5" });
    expect(calls()).toBe(1);
    await pass(100_000);
    expect(server.requests).toHaveLength(1);
    expect(errors).toStrictEqual([]);
  });

  test("before there is a state rejects ready", async () => {
    create();
    client.close();
    await expect(client.ready).rejects.toMatchObject({ code: "closed" });
    await pass(100_000);
    expect(server.requests).toHaveLength(0);
  });

  test("by signal is the same", async () => {
    const controller = new AbortController();
    await live({ signal: controller.signal });
    controller.abort();
    expect(client.getStatus()).toMatchObject({ status: "closed", error: undefined });
    expect(server.last.signal.aborted).toBe(true);
  });

  test("by a signal that was aborted before sends no request", async () => {
    create({ signal: AbortSignal.abort() });
    await pass(100_000);
    expect(client.getStatus().status).toBe("closed");
    expect(server.requests).toHaveLength(0);
  });

  test("leaves nothing at the signal, nor at the page", async () => {
    const page = new FakePage();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const add = vi.spyOn(signal, "addEventListener");
    create({ signal });
    client.close();
    expect(remove.mock.calls.map(([type, fn]) => [type, fn])).toStrictEqual(
      add.mock.calls.map(([type, fn]) => [type, fn]),
    );
    expect(page.listeners).toBe(0);
  });

  /** Any callback of the client may close it, also in the middle of a chunk with more events. */
  const more = [say.update("a", 6, 5, { value: 2 }), say.update("a", 7, 6, { value: 3 })];
  test.each<[string, StateClientOptions, () => void | Promise<void>, State]>([
    ["a subscriber, at a change", {}, () => server.last.send(...more), { a: 2 }],
    [
      "onEvent",
      { onEvent: ({ type }) => void (type === "state.update" && client.close()) },
      () => server.last.send(...more),
      { a: 2 },
    ],
    ["a subscriber, at a lost connection", {}, () => server.last.fail(), { a: 1 }],
    [
      "a subscriber, at an end",
      {},
      () => server.last.send(say.end("draining", true)).then(() => server.last.end()),
      { a: 1 },
    ],
    ["onError", { onError: () => client.close() }, () => server.last.fail(), { a: 1 }],
  ])("by %s is for good", async (name, options, happen, state) => {
    await live(options);
    if (name.startsWith("a subscriber")) client.subscribe(() => client.close());
    const { requests } = server;
    await happen();
    await pass(100_000);
    expect(client.getStatus()).toMatchObject({ status: "closed", error: undefined });
    expect(client.getState()).toStrictEqual(state);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.signal.aborted).toBe(true);
  });

  test("by a subscriber as an attempt begins requests neither headers nor the stream", async () => {
    const headers = vi.fn<() => HeadersInit>(() => ({}));
    await live({ headers });
    await server.last.fail();
    client.subscribe(() => client.close());
    await pass(100_000);
    expect(headers).toHaveBeenCalledTimes(1);
    expect(server.requests).toHaveLength(1);
  });

  test("by onEvent at the very first event leaves it closed, with ready rejected", async () => {
    create({ onEvent: () => client.close() });
    await settled();
    await server.last.open(START);
    expect(client.getStatus().status).toBe("closed");
    await expect(client.ready).rejects.toMatchObject({ code: "closed" });
  });
});

describe("recovery", () => {
  test("waits for the server's retry time after an announced end, and resumes", async () => {
    await live();
    await server.last.send(say.end("draining", true));
    await server.last.end();
    expect(client.getStatus()).toMatchObject({ status: "stale", error: undefined });
    await pass(2999);
    expect(server.requests).toHaveLength(1);
    await pass(1);
    expect(server.last.lastEventId).toBe("e.5");
    expect(errors).toStrictEqual([]);
  });

  test("sends fewer and fewer requests while the server ends each connection before any state", async () => {
    create();
    for (let attempt = 1; attempt <= 4; attempt++) {
      await settled();
      await server.last.open(RETRY, say.end("overloaded", true));
      await server.last.end();
      await pass(30_000);
    }
    const waits = times().map((at, index) => at - (times()[index - 1] ?? 0));
    expect(waits).toStrictEqual([0, 4500, 30_000 - 4500 + 6000, 30_000 - 6000 + 9000, 30_000 - 9000 + 15_000]);
  });

  test.each([429, 500, 502, 503, 504])("comes back after %i, later each time, with chance", async (status) => {
    create();
    for (let attempt = 1; attempt <= 4; attempt++) {
      await settled();
      server.last.answer(status);
      await settled();
      expect(client.getStatus()).toMatchObject({ status: "connecting", error: { code: "http", httpStatus: status } });
      await pass([2000 + 1000, 2000 + 2000, 2000 + 4000, 0][attempt - 1] as number);
    }
    expect(times()).toStrictEqual([0, 3000, 7000, 13_000]);
    expect(errors).toHaveLength(4);
  });

  test("reconnects after Retry-After", async () => {
    create();
    await settled();
    server.last.answer(503, { "retry-after": "120" });
    await pass(120_999);
    expect(server.requests).toHaveLength(1);
    await pass(1);
    expect(server.requests).toHaveLength(2);
  });

  test("gives up a URL that answers with HTML, with the URL in the message", async () => {
    create();
    for (let attempt = 1; attempt <= 5; attempt++) {
      await pass(20_000);
      server.last.answer(200, { "content-type": "text/html" }, "<!doctype html>");
    }
    await pass(1_000_000);
    expect(server.requests).toHaveLength(5);
    expect(client.getStatus()).toMatchObject({ status: "closed", error: { code: "not-a-stream", httpStatus: 200 } });
    expect(client.getStatus().error?.message).toBe(
      `${URL}: The server answered 200 text/html. This is not an event stream: is the URL right?`,
    );
  });

  test("never gives up a URL that was live before, since a proxy's error page is temporary", async () => {
    await live();
    await server.last.fail();
    for (let attempt = 1; attempt <= 10; attempt++) {
      await pass(40_000);
      server.last.answer(200, { "content-type": "text/html" }, "<p>Log in to the Wi-Fi");
    }
    await pass(40_000);
    expect(server.requests).toHaveLength(12);
    expect(client.getStatus().status).toBe("stale");
  });

  test("names the URL in every error, without the query", async () => {
    client = createStateClient<State>(`${URL}?token=secret`, {
      fetch: server.fetch,
      onError: (error) => errors.push(error),
    });
    client.subscribe(() => {
      if (client.getStatus().status === "live") throw new Error("mine");
    });
    await settled();
    server.last.answer(500);
    await pass(10_000);
    await server.last.open(START, say.update("a", 9, 8, { value: 2 }));
    await pass(10_000);
    await server.last.open("event: heartbeat\ndata: {\nid: e.1\n\n");
    await pass(60_000);
    await pass(37_500);
    server.last.answer(403);
    await settled();
    await client.reached("e.9").catch((error: unknown) => errors.push(error as StateClientError));
    expect(new Set(errors.map(({ code }) => code))).toStrictEqual(
      new Set(["http", "listener", "resync", "protocol", "timeout", "refused", "closed"]),
    );
    for (const { message } of errors) expect(message.startsWith(`${URL}: `)).toBe(true);
  });

  test("comes back after an answer that is no stream", async () => {
    create();
    await settled();
    server.last.answer(200, { "content-type": "text/html" }, "<p>a proxy's page");
    await settled();
    expect(client.getStatus().error).toMatchObject({ code: "not-a-stream" });
    await pass(10_000);
    expect(server.requests).toHaveLength(2);
  });

  test("comes back when the response just ends", async () => {
    await live();
    await server.last.end();
    expect(client.getStatus()).toMatchObject({ status: "stale", error: { code: "network" } });
    await pass(10_000);
    expect(server.requests).toHaveLength(2);
  });

  test("starts over with short waits once it was live for half a minute", async () => {
    await live();
    for (const wait of [4500, 6000, 9000]) {
      await server.last.fail();
      await pass(wait);
    }
    expect(times()).toStrictEqual([0, 4500, 10_500, 19_500]);
    await server.last.open(say.heartbeat(5, 5));
    await pass(30_000);
    await server.last.fail();
    await pass(4500);
    expect(server.requests).toHaveLength(5);
  });

  test("backs off from a server that sends a snapshot and dies, again and again", async () => {
    await live();
    for (let count = 1; count <= 6; count++) {
      await pass(300);
      await server.last.fail();
      await pass(40_000);
      await server.last.open(START);
      expect(client.getStatus().status).toBe("live");
    }
    // Half of the chance, on top of the server's 3 seconds: 1.5, 3, 6, 12 and 15 seconds.
    expect(times()).toStrictEqual(
      [0, 4500, 6000, 9000, 15_000, 18_000, 18_000].map((wait, index) =>
        index === 0 ? 0 : 300 * index + 40_000 * (index - 1) + wait,
      ),
    );
  });

  test.each<[number, string]>([
    [204, "ended"],
    [400, "refused"],
    [403, "refused"],
    [404, "refused"],
    [410, "refused"],
  ])("stops for good at %i", async (status, code) => {
    create();
    const calls = countCalls();
    await settled();
    server.last.answer(status);
    await pass(100_000);
    expect(server.requests).toHaveLength(1);
    expect(client.getStatus()).toMatchObject({ status: "closed", error: { code, httpStatus: status } });
    expect(errors).toMatchObject([{ code }]);
    expect(calls()).toBe(1);
    await expect(client.ready).rejects.toBe(errors[0]);
  });

  test("stops for good at an end without retry, and keeps the state", async () => {
    await live();
    await server.last.send(say.end("revoked", false));
    expect(client.getStatus()).toMatchObject({ status: "closed", error: { code: "ended" } });
    expect(server.last.signal.aborted).toBe(true);
    await pass(100_000);
    expect(server.requests).toHaveLength(1);
    expect(client.getState()).toStrictEqual({ a: 1 });
  });

  test("requests headers once more at 401, at once, and closes at a second", async () => {
    let token = 0;
    create({ headers: () => ({ authorization: `Bearer ${++token}` }) });
    await settled();
    server.last.answer(401);
    await settled();
    expect(times()).toStrictEqual([0, 0]);
    expect(server.last.headers.get("authorization")).toBe("Bearer 2");
    expect(errors).toMatchObject([{ code: "http", httpStatus: 401 }]);
    server.last.answer(401);
    await pass(100_000);
    expect(server.requests).toHaveLength(2);
    expect(client.getStatus()).toMatchObject({ status: "closed", error: { code: "refused", httpStatus: 401 } });
  });

  test("requests headers at the next 401 too, once it was live in between", async () => {
    await live();
    for (let round = 1; round <= 3; round++) {
      await pass(30_000);
      await server.last.fail();
      await pass(4500);
      server.last.answer(401);
      await settled();
      await server.last.open(say.heartbeat(5, 5));
      expect(client.getStatus().status).toBe("live");
    }
    expect(server.requests).toHaveLength(7);
  });
});

describe("silence", () => {
  test("of two and a half heartbeats is a dead connection", async () => {
    create();
    await settled();
    await server.last.open(RETRY, say.initial({ a: 1 }, 5, { heartbeatMs: 1000 }));
    await pass(2000);
    await server.last.send(say.heartbeat(5, 5, { heartbeatMs: 1000 }));
    await pass(2499);
    expect(client.getStatus().status).toBe("live");
    await pass(1);
    expect(client.getStatus()).toMatchObject({ status: "stale", error: { code: "timeout" } });
    expect(server.last.signal.aborted).toBe(true);
    await pass(4500);
    expect(server.last.lastEventId).toBe("e.5");
  });

  test("is broken by any byte", async () => {
    create();
    await settled();
    await server.last.open(say.initial({ a: 1 }, 5, { heartbeatMs: 1000 }));
    for (let count = 0; count < 10; count++) {
      await pass(2000);
      await server.last.send("e");
    }
    expect(client.getStatus().status).toBe("live");
  });

  test("of a server that never answers is given up too", async () => {
    create();
    await pass(37_499);
    expect(server.last.signal.aborted).toBe(false);
    await pass(1);
    expect(server.last.signal.aborted).toBe(true);
    expect(errors).toMatchObject([{ code: "timeout" }]);
  });

  test("is measured by the default interval until the next server has sent something", async () => {
    create();
    await settled();
    await server.last.open(RETRY, say.initial({ a: 1 }, 5, { heartbeatMs: 100 }));
    await server.last.fail();
    await pass(4500);
    await pass(37_499);
    expect(server.requests).toHaveLength(2);
    expect(server.last.signal.aborted).toBe(false);
    await pass(1);
    expect(server.last.signal.aborted).toBe(true);
  });
});

describe("a page", () => {
  let page: FakePage;
  beforeEach(() => {
    page = new FakePage("http://server.test/");
  });

  const wakes: [string, () => void][] = [
    ["becomes visible", () => page.show(true)],
    ["is shown", () => page.happen("pageshow")],
    ["is online", () => page.happen("online")],
  ];

  test.each(wakes)(
    "that %s after a sleep finds a dead connection by the clock, without its timers",
    async (_name, wake) => {
      await live();
      vi.setSystemTime(1_000_000 + 37_499);
      wake();
      expect(client.getStatus().status).toBe("live");
      vi.setSystemTime(1_000_000 + 37_500);
      wake();
      expect(client.getStatus()).toMatchObject({ status: "stale", error: { code: "timeout" } });
      expect(server.last.signal.aborted).toBe(true);
    },
  );

  test.each(wakes)("that %s in a wait tries at once", async (_name, wake) => {
    await live();
    await pass(1000);
    await server.last.fail();
    await pass(100);
    wake();
    await settled();
    expect(times()).toStrictEqual([0, 1100]);
    await server.last.open(say.heartbeat(5, 5));
    await pass(30_000);
    expect(server.requests).toHaveLength(2);
  });

  test.each(wakes)("that %s again and again waits for Retry-After", async (_name, wake) => {
    await live();
    await server.last.fail();
    await pass(4500);
    server.last.answer(429, { "retry-after": "60" });
    for (let count = 0; count < 20; count++) {
      await pass(2900);
      wake();
    }
    await pass(1999);
    expect(times()).toStrictEqual([0, 4500]);
    await pass(1);
    expect(times()).toStrictEqual([0, 4500, 64_500]);
  });

  test.each(wakes)("that %s again and again makes one attempt a second at most", async (_name, wake) => {
    await live();
    await pass(1000);
    for (let count = 0; count < 20; count++) {
      await pass(100);
      await server.last.fail();
      wake();
    }
    await settled();
    expect(times()).toStrictEqual([0, 1100, 2100]);
  });

  test.each(wakes)("that %s while headers are waited for goes on waiting", async (_name, wake) => {
    await pass(0);
    create({ headers: () => new Promise<never>(() => {}) });
    await pass(30_000);
    wake();
    expect(errors).toStrictEqual([]);
    expect(client.getStatus().attempt).toBe(1);
  });

  test.each(wakes)("that %s with a connection that lives leaves it alone", async (_name, wake) => {
    await live();
    await pass(30_000);
    wake();
    await settled();
    expect(server.requests).toHaveLength(1);
    expect(client.getStatus().status).toBe("live");
  });

  test("that is put away closes the connection, and resumes when it is shown again", async () => {
    const calls = await live();
    page.happen("pagehide");
    expect(server.last.signal.aborted).toBe(true);
    expect(client.getStatus()).toMatchObject({ status: "stale", error: undefined });
    expect(calls()).toBe(1);
    await pass(1_000_000);
    expect(server.requests).toHaveLength(1);
    page.happen("pageshow");
    await settled();
    expect(server.last.lastEventId).toBe("e.5");
    await server.last.open(say.heartbeat(5, 5));
    expect(client.getStatus()).toMatchObject({ status: "live", resumed: true, attempt: 0 });
    expect(errors).toStrictEqual([]);
  });
});

describe("a copy that does not fit", () => {
  test.each<[string, string[]]>([
    ["a gap", [say.update("a", 9, 8, { value: 2 })]],
    ["a patch that does not apply", [say.update("a", 6, 5, { patches: [{ op: "remove", path: "/gone" }] })]],
    ["a patch of a slice that is not there", [say.update("b", 6, 0, { patches: [] })]],
    ["a head that never came", [say.heartbeat(6, 6)]],
  ])("after %s is requested again at once, without an id, and the old one stays until then", async (_name, texts) => {
    await live();
    const before = client.getState();
    await server.last.send(...texts);
    expect(client.getState()).toBe(before);
    expect(client.getStatus()).toMatchObject({ status: "stale", eventId: undefined });
    await settled();
    expect(server.requests).toHaveLength(2);
    expect(times()).toStrictEqual([0, 0]);
    expect(server.last.lastEventId).toBeNull();
    expect(server.requests[0]?.signal.aborted).toBe(true);
    await server.last.open(say.initial({ a: 9 }, 9));
    expect(client.getState()).toStrictEqual({ a: 9 });
    expect(client.getStatus()).toMatchObject({ status: "live", resumed: false });
    expect(errors).toMatchObject([{ code: "resync" }]);
  });

  test("is not accepted because of a heartbeat where a snapshot should be", async () => {
    await live();
    await server.last.send(say.update("a", 9, 8, { value: 2 }));
    await settled();
    await server.last.open(say.heartbeat(5, 5));
    expect(client.getStatus().status).toBe("stale");
    expect(errors).toMatchObject([{ code: "resync" }, { code: "resync" }]);
  });

  test("is not accepted because of a heartbeat at another position than its own", async () => {
    await live();
    await server.last.fail();
    await pass(4500);
    await server.last.open(say.heartbeat(7, 7));
    expect(client.getStatus()).toMatchObject({ status: "stale", error: { code: "resync" } });
  });

  test.each<[string, string]>([
    ["JSON that is none", "event: state.update\ndata: {\nid: e.6\n\n"],
    ["an event without its id", say.update("a", 6, 5, { value: 2 }).replace("id: e.6\n", "")],
    ["an event without what it must carry", say.update("a", -1, 5, { value: 2 })],
  ])("after %s is requested again, after a wait", async (_name, text) => {
    await live();
    await server.last.send(text);
    expect(client.getState()).toStrictEqual({ a: 1 });
    expect(client.getStatus()).toMatchObject({ status: "stale", error: { code: "protocol" }, eventId: undefined });
    await pass(4500);
    expect(times()).toStrictEqual([0, 4500]);
    expect(server.last.lastEventId).toBeNull();
  });

  test("six times in a minute is given up: closed with an error, never wrong", async () => {
    await live();
    for (let count = 1; count <= 5; count++) {
      await server.last.send(say.update("a", 9, 8, { value: 2 }));
      // The first time at once, then with a backoff, for it was not live for long.
      await pass([0, 6000, 9000, 15_000, 18_000][count - 1] as number);
      expect(server.requests).toHaveLength(1 + count);
      await server.last.open(START);
      expect(client.getStatus().status).toBe("live");
    }
    await server.last.send(say.update("a", 9, 8, { value: 2 }));
    await pass(100_000);
    expect(server.requests).toHaveLength(6);
    expect(client.getStatus()).toMatchObject({ status: "closed", error: { code: "diverged" } });
    expect(client.getState()).toStrictEqual({ a: 1 });
    expect(errors.at(-1)).toMatchObject({ code: "diverged", cause: { code: "resync" } });
  });
});
