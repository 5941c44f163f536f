import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createStateClient, type DeepReadonly, type StateClient, type StateClientError } from "../src/index.ts";
import { FakeServer, say, settled } from "./support/fake-server.ts";

interface State {
  readonly todos: readonly string[];
  readonly title?: string;
}

let server: FakeServer;
let client: StateClient<DeepReadonly<State> | undefined>;
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
});

/** An event with another id. The seq in an id is in base 36; these tests use numbers that are the same in base 10. */
const as = (id: string, text: string): string => text.replace(/\nid: .*\n/, `\nid: ${id}\n`);

const todos = (epoch: string, seq: number, base: number, value: readonly string[], more?: true): string =>
  as(`${epoch}.${seq}`, say.update("todos", seq, base, { value: [...value], ...(more && { more }) }));

async function live(first = as("A.3", say.initial({ todos: ["a"] }, 3)), options: { slices?: "todos"[] } = {}) {
  client = createStateClient<State>("http://server.test/events", {
    fetch: server.fetch,
    onError: (error) => errors.push(error),
    ...options,
  });
  await settled();
  await server.last.open("retry: 1000\n", first);
  expect(client.getStatus().status).toBe("live");
}

/** What has become of a promise. */
function outcome(promise: Promise<unknown>): () => Promise<string> {
  let is = "pending";
  promise.then(
    () => (is = "resolved"),
    (error: unknown) => (is = (error as StateClientError).code ?? String(error)),
  );
  return async () => (await settled(), is);
}

describe("reached", () => {
  test("resolves at once for a position that the copy has, such as that of a write that changed nothing", async () => {
    await live();
    for (const id of ["A.3", "A.2", "A.0", "A.3.selectio"]) await expect(client.reached(id)).resolves.toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  test("resolves with the commit that contains the position, not in its middle", async () => {
    await live();
    const state = outcome(client.reached("A.4"));
    await server.last.send(todos("A", 4, 3, ["b"], true));
    expect(await state()).toBe("pending");
    await server.last.send(as("A.5", say.update("title", 5, 3, { value: "t" })));
    expect(await state()).toBe("resolved");
  });

  test.each<[string, string]>([
    ["a later event", todos("A", 6, 3, ["b"])],
    ["a heartbeat", as("A.5", say.heartbeat(5, 3))],
    ["a snapshot", as("A.9", say.initial({ todos: [] }, 9, { reason: "slow" }))],
  ])("resolves with %s of the epoch", async (_name, text) => {
    await live();
    const state = outcome(client.reached("A.5"));
    expect(await state()).toBe("pending");
    await server.last.send(text);
    expect(await state()).toBe("resolved");
  });

  test("does not take a heartbeat for the position that says that something is missing before it", async () => {
    await live();
    const state = outcome(client.reached("A.5"));
    await server.last.send(as("A.3", say.heartbeat(3, 5)));
    expect(await state()).toBe("pending");
    await server.last.send(todos("A", 5, 3, ["b"]));
    expect(await state()).toBe("resolved");
  });

  test("does not take an open position for reached: more must follow before it names a state", async () => {
    await live();
    const state = outcome(client.reached("A.5"));
    await server.last.send(as("A.6..-", say.update("todos", 6, 3, { value: [] })));
    expect(await state()).toBe("pending");
    await server.last.send(as("A.7", say.update("title", 7, 3, { value: "t" })));
    expect(await state()).toBe("resolved");
  });

  test("counts positions by epoch: a write that a failover lost is not saved by a higher seq", async () => {
    // A ended at 103, the write was A.105, the stream goes on as B.110.
    const id = (epoch: string, seq: number): string => `${epoch}.${seq.toString(36)}`;
    await live(as(id("A", 103), say.initial({ todos: [] }, 103)));
    const state = outcome(client.reached(id("A", 105)));
    await server.last.send(as(id("B", 110), say.update("todos", 110, 103, { value: ["b"] })));
    expect(await state()).toBe("position-lost");
    await expect(client.reached(id("A", 105))).rejects.toMatchObject({ code: "position-lost" });
    await expect(client.reached(id("A", 103))).resolves.toBeUndefined();
    await expect(client.reached(id("B", 110))).resolves.toBeUndefined();
  });

  test.each([
    ["an update", (ended: object) => as("C.9", say.update("todos", 9, 3, { value: [], ...ended }))],
    ["a heartbeat", (ended: object) => as("C.9", say.heartbeat(9, 3, ended))],
    ["a snapshot", (ended: object) => as("C.9", say.initial({ todos: [] }, 9, { reason: "trimmed", ...ended }))],
    ["a repair", (ended: object) => as("C.9", say.initial({ todos: [] }, 9, { reason: "repaired", ...ended }))],
  ])("learns from %s where the epochs ended that no other event named", async (_name, event) => {
    await live();
    const saved = ["A.4", "A.5", "B.6", "B.7"].map((id) => outcome(client.reached(id)));
    const lost = ["A.6", "B.8"].map((id) => outcome(client.reached(id)));
    await server.last.send(event({ ended: ["A.5", "B.7"] }));
    for (const state of saved) expect(await state()).toBe("resolved");
    for (const state of lost) expect(await state()).toBe("position-lost");
    await expect(client.reached("B.7")).resolves.toBeUndefined();
  });

  test("takes an epoch for over when it has left it, not when an event names its end in the middle of a commit", async () => {
    await live();
    const states = ["A.6", "B.8"].map((id) => outcome(client.reached(id)));
    await server.last.send(as("B.7", say.update("todos", 7, 3, { value: [], ended: ["A.5"], more: true })));
    for (const state of states) expect(await state()).toBe("pending");
    await server.last.send(as("B.8", say.update("title", 8, 3, { value: "t" })));
    expect(await Promise.all(states.map((state) => state()))).toStrictEqual(["position-lost", "resolved"]);
  });

  test("does not go back to an epoch that is named once more as ended", async () => {
    await live();
    await server.last.send(as("B.7", say.heartbeat(7, 3, { ended: ["A.5"] })));
    const state = outcome(client.reached("B.9"));
    await server.last.send(as("B.8", say.update("todos", 8, 3, { value: [], ended: ["A.5"], more: true })));
    expect(await state()).toBe("pending");
    await server.last.send(as("B.9", say.update("title", 9, 3, { value: "t" })));
    expect(await state()).toBe("resolved");
  });

  test("waits for an epoch that it has not seen yet: the server may be ahead by a failover", async () => {
    await live();
    const state = outcome(client.reached("B.5"));
    await server.last.send(todos("A", 9, 3, ["b"]));
    expect(await state()).toBe("pending");
    await server.last.send(todos("B", 10, 9, ["c"]));
    expect(await state()).toBe("resolved");
  });

  test("rejects where another epoch has taken the place of one that never came", async () => {
    await live();
    const [early, late] = [outcome(client.reached("B.4")), outcome(client.reached("B.6"))];
    await server.last.send(todos("C", 4, 3, ["c"]));
    expect([await early(), await late()]).toStrictEqual(["position-lost", "pending"]);
    await server.last.send(todos("C", 5, 4, ["d"]), todos("B", 6, 5, ["e"]));
    expect(await late()).toBe("resolved");
  });

  test("does not trust positions from before a snapshot for epoch or repaired, where that does not name them", async () => {
    await live(as("A.9", say.initial({ todos: [] }, 9)));
    await server.last.send(as("B.6", say.initial({ todos: [] }, 6, { reason: "epoch", ended: ["A.5"] })));
    await expect(client.reached("A.5")).resolves.toBeUndefined();
    await expect(client.reached("A.6")).rejects.toMatchObject({ code: "position-lost" });
    await server.last.send(as("C.7", say.initial({ todos: [] }, 7, { reason: "repaired" })));
    await expect(client.reached("A.5")).rejects.toMatchObject({ code: "position-lost" });
  });

  test.each(["epoch", "repaired"] as const)("rejects at a snapshot for %s", async (reason) => {
    await live();
    const state = outcome(client.reached("C.5"));
    await server.last.send(as("B.9", say.initial({ todos: [] }, 9, { reason })));
    expect(await state()).toBe("position-lost");
  });

  test("continues to wait over a lost connection", async () => {
    await live();
    const state = outcome(client.reached("A.5"));
    await server.last.fail();
    await vi.advanceTimersByTimeAsync(10_000);
    await server.last.open(as("A.3", say.heartbeat(3, 5)), todos("A", 5, 3, ["b"]));
    expect(await state()).toBe("resolved");
  });

  test("rejects after its timeout, when the client is closed, and for what is not an event ID", async () => {
    await live();
    const timed = outcome(client.reached("A.5", { timeoutMs: 1000 }));
    await vi.advanceTimersByTimeAsync(999);
    expect(await timed()).toBe("pending");
    await vi.advanceTimersByTimeAsync(1);
    expect(await timed()).toBe("timeout");
    for (const id of ["", "A", "A.", "A.-", null as never]) {
      const message = `http://server.test/events: "${id}" is no event ID. Is the answer's header exposed?`;
      await expect(client.reached(id)).rejects.toMatchObject({ code: "invalid-event-id", message });
    }
    const pending = outcome(client.reached("A.5", { timeoutMs: 1000 }));
    client.close();
    expect(await pending()).toBe("closed");
    await expect(client.reached("A.3")).rejects.toMatchObject({ code: "closed" });
  });
});

describe("a client that selects slices", () => {
  const narrowed = as("A.3.selectio", say.initial({ todos: ["a"] }, 3));

  test("asks for bookmarks from the first position it waits for, and stays live meanwhile", async () => {
    await live(narrowed, { slices: ["todos"] });
    await expect(client.reached("A.3")).resolves.toBeUndefined();
    expect(server.requests).toHaveLength(1);
    const statuses: string[] = [];
    client.subscribe(() => statuses.push(client.getStatus().status));
    const state = outcome(client.reached("A.5"));
    await settled();
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.signal.aborted).toBe(true);
    expect(server.last.url.search).toBe("?slices=todos&ops=append&bookmarks=1");
    expect(server.last.lastEventId).toBe("A.3.selectio");
    await server.last.open(as("A.3.selectio", say.heartbeat(3, 3)), as("A.5.selectio", say.heartbeat(5, 3)));
    expect(await state()).toBe("resolved");
    expect(new Set(statuses)).toStrictEqual(new Set(["live"]));
    await server.last.fail();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.last.url.searchParams.get("bookmarks")).toBe("1");
  });

  test("that waits before it has a state asks for them when it knows that it is narrowed", async () => {
    client = createStateClient<State>("http://server.test/events", { fetch: server.fetch, slices: ["todos"] });
    const state = outcome(client.reached("A.5"));
    await settled();
    await server.last.open(narrowed);
    expect(server.requests).toHaveLength(2);
    expect(server.last.url.searchParams.get("bookmarks")).toBe("1");
    await server.last.open(as("A.3.selectio", say.heartbeat(3, 3)), as("A.5.selectio", say.heartbeat(5, 3)));
    expect(await state()).toBe("resolved");
    expect(server.requests).toHaveLength(2);
  });

  test("that sees everything needs none", async () => {
    await live();
    void client.reached("A.5").catch(() => {});
    await settled();
    expect(server.requests).toHaveLength(1);
  });
});

describe("an optimistic change", () => {
  type Shown = DeepReadonly<State>;
  const add =
    (title: string) =>
    (state: Shown): Shown =>
      state.todos.includes(title) ? state : { ...state, todos: [...state.todos, title] };

  /** A write that a test answers. */
  function write() {
    let settle!: { confirm: (write?: { eventId: string }) => void; refuse: (error: Error) => void };
    const confirmed = new Promise<{ eventId: string } | void>((resolve, reject) => {
      settle = { confirm: resolve, refuse: reject };
    });
    return { confirmed, ...settle };
  }

  /** The todos at each notification, which is what a page shows. */
  function frames(): string[] {
    const seen: string[] = [];
    client.subscribe(() => seen.push(client.getState()?.todos.join("") ?? ""));
    return seen;
  }

  test("is shown at once, and replaced by the server's own version in one commit", async () => {
    await live();
    const shown = frames();
    const { confirmed, confirm } = write();
    const state = outcome(client.optimistic((now) => ({ ...now, todos: ["mine"] }), confirmed));
    expect(shown).toStrictEqual(["mine"]);
    confirm({ eventId: "A.5" });
    await settled();
    await server.last.send(todos("A", 4, 3, ["other"]));
    expect(await state()).toBe("pending");
    await server.last.send(todos("A", 5, 4, ["saved"]));
    expect(await state()).toBe("resolved");
    expect(shown).toStrictEqual(["mine", "mine", "saved"]);
  });

  test("whose commit arrives before its confirmation never shows the old value between", async () => {
    await live();
    const shown = frames();
    const { confirmed, confirm } = write();
    const state = outcome(client.optimistic(add("b"), confirmed));
    await server.last.send(todos("A", 4, 3, ["a", "b"]));
    confirm({ eventId: "A.4" });
    expect(await state()).toBe("resolved");
    expect(new Set(shown)).toStrictEqual(new Set(["ab"]));
  });

  test("is replayed over each commit, after those before it, and mutates nothing", async () => {
    await live();
    const [first, second] = [write(), write()];
    const before = client.getState();
    void client.optimistic(add("b"), first.confirmed);
    void client.optimistic((state) => ({ ...state, todos: state.todos.map((todo) => `${todo}!`) }), second.confirmed);
    expect(client.getState()?.todos).toStrictEqual(["a!", "b!"]);
    expect(client.getState()).toBe(client.getState());
    expect(before).toStrictEqual({ todos: ["a"] });
    await server.last.send(todos("A", 4, 3, ["z"]));
    expect(client.getState()?.todos).toStrictEqual(["z!", "b!"]);
    first.confirm({ eventId: "A.5" });
    await server.last.send(todos("A", 5, 4, ["z", "b"]));
    expect(client.getState()?.todos).toStrictEqual(["z!", "b!"]);
    second.confirm();
    await settled();
    expect(client.getState()?.todos).toStrictEqual(["z", "b"]);
  });

  test("that is refused is removed at once, and the caller gets the reason", async () => {
    await live();
    const shown = frames();
    const { confirmed, refuse } = write();
    const promise = client.optimistic(add("b"), confirmed);
    const reason = new Error("no");
    refuse(reason);
    await expect(promise).rejects.toBe(reason);
    expect(shown).toStrictEqual(["ab", "a"]);
  });

  test("that a failover lost is removed with the commit that shows it, and its promise rejects", async () => {
    await live();
    const shown = frames();
    const promise = outcome(client.optimistic(add("b"), Promise.resolve({ eventId: "A.5" })));
    expect(await promise()).toBe("pending");
    await server.last.send(todos("B", 9, 3, ["c"]));
    expect(await promise()).toBe("position-lost");
    expect(shown).toStrictEqual(["ab", "c"]);
  });

  test("that changed nothing at the server is reached at once", async () => {
    await live();
    await client.optimistic(add("a"), Promise.resolve({ eventId: "A.3" }));
    expect(client.getState()?.todos).toStrictEqual(["a"]);
  });

  test("is removed where only a heartbeat reaches its position", async () => {
    await live();
    const shown = frames();
    const promise = outcome(client.optimistic(add("b"), Promise.resolve({ eventId: "A.5" })));
    await settled();
    await server.last.send(as("A.5", say.heartbeat(5, 3)));
    expect(await promise()).toBe("resolved");
    expect(shown).toStrictEqual(["ab", "a"]);
  });

  test("is removed when the client closes; the caller gets the write's own reason, or closed", async () => {
    await live();
    const [failing, saved] = [write(), write()];
    const outcomes = [failing, saved].map(({ confirmed }) => outcome(client.optimistic(add("b"), confirmed)));
    client.close();
    expect(client.getState()?.todos).toStrictEqual(["a"]);
    failing.refuse(new Error("no"));
    saved.confirm({ eventId: "A.9" });
    expect([await outcomes[0]?.(), await outcomes[1]?.()]).toStrictEqual(["Error: no", "closed"]);
  });

  test("whose recipe throws or returns nothing is rejected with that, and nothing is shown", async () => {
    await live();
    const shown = frames();
    const cause = new Error("mine");
    const throwing = client.optimistic(
      () => {
        throw cause;
      },
      Promise.reject(new Error("also")),
    );
    await expect(throwing).rejects.toBe(cause);
    await expect(client.optimistic((() => {}) as never, Promise.resolve())).rejects.toThrow(/returned undefined/);
    expect(shown).toStrictEqual([]);
  });

  test("whose recipe throws later is left out, reported once, and the others stay", async () => {
    await live();
    const cause = new Error("gone");
    const { confirmed } = write();
    const failing = (state: Shown): Shown => {
      if (!state.todos.includes("a")) throw cause;
      return state;
    };
    void client.optimistic(failing, confirmed).catch(() => {});
    void client.optimistic(add("b"), confirmed);
    await server.last.send(todos("A", 4, 3, ["z"]), todos("A", 5, 4, ["y"]));
    expect(client.getState()?.todos).toStrictEqual(["y", "b"]);
    expect(errors).toMatchObject([{ code: "listener", cause }]);
  });

  test("that is refused by what another one's recipe does in a replay is removed alone", async () => {
    await live();
    const [first, second] = [write(), write()];
    let refuse = (): void => {};
    const refusing = (state: Shown): Shown => (refuse(), add("b")(state));
    void client.optimistic(refusing, first.confirmed);
    const refused = outcome(client.optimistic(add("c"), second.confirmed));
    refuse = () => second.refuse(new Error("no"));
    const shown = frames();
    await server.last.send(todos("A", 4, 3, ["z"]));
    expect(await refused()).toBe("Error: no");
    expect(shown).toStrictEqual(["zbc", "zb"]);
  });

  test("whose recipe closes the client in a replay is removed with the others", async () => {
    await live();
    let close = (): void => {};
    const state = outcome(client.optimistic((now) => (close(), add("b")(now)), write().confirmed));
    const waiting = outcome(client.optimistic(add("c"), Promise.resolve({ eventId: "A.9" })));
    expect(await waiting()).toBe("pending");
    close = client.close;
    await server.last.send(todos("A", 4, 3, ["z"]));
    // The replay.
    client.getState();
    expect(client.getState()?.todos).toStrictEqual(["z"]);
    expect([client.getStatus().status, await state(), await waiting()]).toStrictEqual(["closed", "pending", "closed"]);
  });

  test("cannot mutate the state in development", async () => {
    await live();
    const mutate = (state: Shown): Shown => ((state.todos as string[]).push("b"), state);
    await expect(client.optimistic(mutate, Promise.resolve())).rejects.toThrow(TypeError);
    expect(client.getState()).toStrictEqual({ todos: ["a"] });
  });

  test("before there is a state is shown over the first one", async () => {
    client = createStateClient<State>("http://server.test/events", { fetch: server.fetch });
    const promise = outcome(client.optimistic(add("b"), Promise.resolve({ eventId: "A.4" })));
    expect(client.getState()).toBeUndefined();
    await settled();
    await server.last.open(as("A.3", say.initial({ todos: ["a"] }, 3)));
    expect(client.getState()?.todos).toStrictEqual(["a", "b"]);
    await server.last.send(todos("A", 4, 3, ["a", "b"]));
    expect(await promise()).toBe("resolved");
  });
});
