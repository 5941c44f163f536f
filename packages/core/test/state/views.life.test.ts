import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { emptyCopy, originOf } from "../support/copies.ts";
import { chunksOf, collector, filler, follow, followed, setup, textOf } from "../support/streams.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const project = (state: Record<string, unknown>, key: string) => ({
  shared: state["shared"],
  own: state[`own ${key}`],
});

function keyed(viewOptions: object = {}, options: object = {}) {
  const given = setup({ shared: 0, "own a": 1, "own b": 2 }, options);
  const projected = vi.fn<typeof project>(project);
  return { ...given, projected, views: given.clock.createStateViews(given.stream, projected, viewOptions) };
}

test("a view is made by get, is the same while it is kept, and is dropped after idleMs without a connection", () => {
  const { clock, views } = keyed({ idleMs: 1000 });
  const view = views.get("a");
  expect(views.size).toBe(1);
  clock.advance(999);
  expect(views.get("a")).toBe(view);
  clock.advance(999);
  expect(views.size).toBe(1);
  clock.advance(1);
  expect(views.size).toBe(0);
  expect(clock.timers).toBe(0);
});

test("a view is kept while it has a connection, and dropped idleMs after the last", () => {
  const { clock, views } = keyed({ idleMs: 1000 });
  const { connection, pull } = followed(views.get("a"));
  for (let seconds = 0; seconds < 20; seconds++) {
    clock.advance(1000);
    pull();
  }
  expect(views.size).toBe(1);
  connection.close();
  clock.advance(999);
  expect(views.size).toBe(1);
  clock.advance(1);
  expect(views.size).toBe(0);
});

test("a client that comes back before idleMs resumes; after it, the view is another and gives a snapshot", () => {
  const { stream, clock, views } = keyed({ idleMs: 1000 });
  const first = followed(views.get("a"));
  first.connection.close();
  stream.set("own a", 2);
  clock.advance(500);
  const second = follow(views.get("a"), {}, first.client.bookmark);
  expect(second.pull()).toMatchObject([{ type: "heartbeat" }, { slice: "own", value: 2 }]);
  second.connection.close();
  clock.advance(1000);
  const third = follow(views.get("a"), {}, second.client.bookmark);
  expect(third.pull()).toMatchObject([{ type: "state.initial", reason: "epoch" }]);
});

test("a dropped view that is connected to begins anew, under a new epoch", () => {
  const { stream, clock, views } = keyed({ idleMs: 1000 });
  const view = views.get("a");
  const { client, connection } = followed(view);
  connection.close();
  clock.advance(1000);
  const back = follow(view, {}, client.bookmark);
  expect(back.pull()).toMatchObject([{ reason: "epoch" }]);
  expect(views.size).toBe(1);
  stream.set("shared", 1);
  clock.flush();
  back.pull();
  expect(back.client.state).toEqual({ shared: 1, own: 1 });
});

test("two objects of one key have one stream", () => {
  const { clock, views } = keyed({ idleMs: 1000 });
  const dropped = views.get("a");
  clock.advance(1000);
  const [one, two] = [followed(dropped), followed(views.get("a"))];
  expect(one.client.id).toBe(two.client.id);
  expect(views.size).toBe(1);
});

test("at maxViews the view that has been idle for longest gives way", () => {
  const { clock, views } = keyed({ maxViews: 2 });
  const a = followed(views.get("a"));
  a.connection.close();
  clock.advance(10);
  const b = followed(views.get("b"));
  b.connection.close();
  followed(views.get("c"));
  expect(views.size).toBe(2);
  expect(follow(views.get("b"), {}, b.client.bookmark).pull()).toMatchObject([{ type: "heartbeat" }]);
});

test("where no view is idle, one more is overloaded until there is room", () => {
  const { stream, clock, views } = keyed({ maxViews: 1 });
  const a = followed(views.get("a"));
  const view = views.get("b");
  expect(follow(view).pull()).toMatchObject([{ type: "state.end", reason: "overloaded", retry: true }]);
  expect(view.closing).toBeUndefined();
  expect(views.size).toBe(1);
  a.connection.close();
  expect(followed(view).client.state).toEqual({ shared: 0, own: 2 });
  stream.set("shared", 1);
  clock.flush();
  expect(views.size).toBe(1);
});

test("where there were too many views, clients that come after the stream's end get its reason", async () => {
  const { stream, views } = keyed({ maxViews: 0 });
  const view = views.get("a");
  expect(follow(view).pull()).toMatchObject([{ type: "state.end", reason: "overloaded" }]);
  await stream.close({ reason: "closed", retry: false });
  expect(follow(view).pull()).toMatchObject([{ type: "state.end", reason: "closed", retry: false }]);
});

test("100,000 keys that nobody connects to, or connects to and leaves, cost bounded memory", () => {
  const { stream, clock, views } = keyed({ maxViews: 100 });
  followed(views.get("a"));
  for (let key = 0; key < 100_000; key++) {
    const view = views.get(`key ${key}`);
    if (key % 10 === 0) view.connect().close();
  }
  expect(views.size).toBe(100);
  stream.set("shared", 1);
  clock.flush();
  expect(clock.timers).toBeLessThan(5);
});

test("100,000 keys that are gone leave no memory in use", { timeout: 30_000 }, () => {
  const { views } = keyed({ maxViews: 100 });
  const { gc } = globalThis as { gc?: () => void };
  const heap = (): number => {
    gc?.();
    return process.memoryUsage().heapUsed;
  };
  const ask = (from: number, to: number): void => {
    for (let key = from; key < to; key++)
      views
        .get(`${filler(200)} ${key}`)
        .connect()
        .close();
  };
  ask(0, 5000);
  const before = heap();
  ask(5000, 105_000);
  // 100,000 streams would take hundreds of megabytes. Without gc, garbage counts too.
  expect(heap() - before).toBeLessThan(gc === undefined ? 200e6 : 5e6);
});

test("the stream's end reaches its views with its reason, after their last change, and waits for them", async () => {
  const { stream, views } = keyed();
  const { pull, connection } = followed(views.get("a"));
  stream.set("own a", 5);
  const closed = stream.close({ reason: "draining" });
  expect(pull()).toMatchObject([
    { slice: "own", value: 5 },
    { type: "state.end", reason: "draining", retry: true },
  ]);
  expect(connection.closed).toBe(true);
  await closed;
  expect(views.get("a").closing).toEqual({ reason: "draining", retry: true });
  expect(follow(views.get("b")).pull()).toMatchObject([{ type: "state.end", reason: "draining" }]);
});

test("closing a stream waits for clients of its views", async () => {
  const { stream, clock, views } = keyed();
  followed(views.get("a"));
  let isClosed = false;
  const closed = stream.close().then(() => (isClosed = true));
  await Promise.resolve();
  expect(isClosed).toBe(false);
  clock.advance(500);
  await closed;
});

test("closing the views ends them and those that are got later, and leaves the stream open", async () => {
  const { stream, clock, views } = keyed();
  const before = views.get("b");
  const { pull } = followed(views.get("a"));
  const closed = views.close({ reason: "revoked", retry: false });
  expect(pull()).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);
  await closed;
  expect(views.get("a").closing).toEqual({ reason: "revoked", retry: false });
  for (const view of [before, views.get("c")])
    expect(follow(view).pull()).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);
  expect(views.size).toBe(0);
  expect(stream.closing).toBeUndefined();
  stream.set("shared", 1);
  clock.flush();
});

test("closing one view ends it for good, and its key gets a new one", async () => {
  const { views } = keyed();
  const view = views.get("a");
  const { pull } = followed(view);
  const closed = view.close({ reason: "closed", retry: false });
  expect(pull()).toMatchObject([{ type: "state.end", retry: false }]);
  await closed;
  expect(follow(view).pull()).toMatchObject([{ type: "state.end", retry: false }]);
  expect(views.get("a")).not.toBe(view);
  expect(followed(views.get("a")).client.state).toEqual({ shared: 0, own: 1 });
});

test("connections of all views can be ended by their context", () => {
  const { views } = keyed();
  const [ann, bob] = [followed(views.get("a"), { context: "ann" }), followed(views.get("b"), { context: "bob" })];
  for (const connection of views.connections) if (connection.context === "ann") connection.end("revoked");
  expect(ann.pull()).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);
  expect(bob.pull()).toEqual([]);
  expect([...views.connections]).toEqual([bob.connection]);
});

test("maxConnections of the stream counts its own connections and those of its views together", () => {
  const { stream, views } = keyed({}, { maxConnections: 2 });
  const first = followed(stream);
  followed(views.get("a"));
  for (const full of [stream, views.get("a"), views.get("b")])
    expect(follow(full).pull()).toMatchObject([{ type: "state.end", reason: "overloaded" }]);
  first.connection.close();
  expect(followed(views.get("b")).client.state).toEqual({ shared: 0, own: 2 });
  expect(follow(stream).pull()).toMatchObject([{ type: "state.end" }]);
});

test("clients of a view wait for the stream's first state, at most five seconds, then it is unavailable", () => {
  const origin = originOf({ shared: 0, "own a": 1 });
  const { clock } = origin;
  const { copy } = emptyCopy(clock);
  const views = clock.createStateViews(copy as never, project);
  const [early, late] = [follow(views.get("a")), follow(views.get("b"), { lastEventId: "nonsense" })];
  expect([early.pull(), late.pull()]).toEqual([[], []]);
  expect(views.get("a").eventId).toBe("");
  clock.advance(5000);
  expect(early.pull()).toMatchObject([{ type: "state.end", reason: "unavailable", retry: true }]);
  const waiting = follow(views.get("a"));
  const invalid = follow(views.get("a"), { lastEventId: "nonsense" });
  waiting.pull();
  invalid.pull();
  copy.adopt(origin.checkpoint(), []);
  clock.flush();
  expect(waiting.pull()).toMatchObject([{ type: "state.initial", reason: "connect", slices: { own: 1 } }]);
  expect(invalid.pull()).toMatchObject([{ type: "state.initial", reason: "invalid-id" }]);
});

test("a view follows commits of a followed stream, other states that it adopts, and whether it is stale", () => {
  const origin = originOf({ shared: 0, "own a": 1 });
  const { clock } = origin;
  const { copy } = emptyCopy(clock);
  copy.adopt(origin.checkpoint(), []);
  const views = clock.createStateViews(copy as never, project);
  const { pull, client } = followed(views.get("a"));
  origin.stream.set("own a", 2, { type: "deal", id: 1 });
  for (const commit of origin.commits) copy.follow(commit);
  clock.flush();
  expect(pull()).toMatchObject([{ slice: "own", value: 2, cause: { type: "deal", id: 1 } }]);
  copy.stale = true;
  clock.flush();
  expect(pull()).toMatchObject([{ type: "heartbeat", stale: true }]);
  expect(follow(views.get("b")).pull()).toMatchObject([{ type: "state.initial" }, { stale: true }]);
  copy.stale = false;
  origin.stream.set("shared", 7);
  copy.adopt(origin.checkpoint(), []);
  clock.flush();
  pull();
  expect(client.state).toEqual({ shared: 7, own: 2 });
});

test("what connections in the middle of large events hold is bounded for all views together", () => {
  const { stream, clock, views } = keyed({ maxPinnedBytes: 4_000_000 });
  const downloads = Array.from({ length: 10 }, (_, key) => {
    stream.set(`own ${key}`, filler(1_000_000 + key));
    const follower = follow(views.get(`${key}`));
    follower.pull(3);
    return follower;
  });
  clock.flush();
  const begun = downloads.filter(({ client }) => client.retryMs !== undefined);
  expect(begun).toHaveLength(10);
  const held = downloads.filter(({ connection }) => (connection.read()?.length ?? 0) > 0);
  expect(held.length).toBeLessThanOrEqual(4);
});

for (const [what, fault] of [
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["is async", async () => Promise.reject(new Error("no"))],
  ["gives null", () => null],
  ["gives a list", () => []],
] as const) {
  test(`a projection that ${what} withholds that view's changes, and the other views go on`, () => {
    const { errors, onError } = collector();
    const { stream, clock } = setup({ n: 0, secret: "secret 1" });
    let isBroken = false;
    const made = (state: Record<string, unknown>, key: string) =>
      (isBroken && key === "a" ? fault() : { n: state["n"], secret: state["secret"] }) as Record<string, unknown>;
    const views = clock.createStateViews(stream, made, { onError });
    const [kept, behind, other] = [followed(views.get("a")), followed(views.get("a")), followed(views.get("b"))];
    stream.set("secret", "secret 2");
    clock.flush();
    kept.pull();
    isBroken = true;
    stream.set("n", 1);
    clock.flush();
    expect(errors.map(({ code }) => code)).toEqual(["project-failed"]);
    expect(other.pull()).toHaveLength(2);
    expect(kept.pull()).toEqual([]);
    expect(textOf(chunksOf(behind.connection))).not.toContain("secret");
    expect(behind.connection.closeReason).toBe("unavailable");
    const fresh = follow(views.get("a"));
    expect(fresh.pull()).toMatchObject([{ type: "state.end", reason: "unavailable", retry: true }]);
    expect(views.get("a").snapshot()).toEqual({ state: {}, eventId: "" });
    isBroken = false;
    stream.set("n", 2);
    clock.flush();
    expect(kept.pull()).toMatchObject([{ slice: "n", value: 2 }]);
    expect(followed(views.get("a")).client.state).toEqual({ n: 2, secret: "secret 2" });
  });
}

test("a projection that fails from the start gives nobody a state", () => {
  const { errors, onError } = collector();
  const { stream, clock } = setup({ n: 0 });
  const views = clock.createStateViews(stream, () => undefined as never, { onError });
  expect(follow(views.get("a")).pull()).toMatchObject([{ type: "state.end", reason: "unavailable" }]);
  expect(errors).toHaveLength(1);
});

test("views of a view that failed are withheld with it, and go on with it", () => {
  const { onError } = collector();
  const { stream, clock } = setup({ n: 0 });
  let fails = false;
  const shows = ({ n }: Record<string, unknown>) => {
    if (fails) throw new Error("no");
    return { n };
  };
  const views = clock.createStateViews(stream, shows, { onError });
  const nested = clock.createStateViews(views.get("a"), ({ n }) => ({ n })).get("b");
  const { client, connection, pull } = followed(nested);
  fails = true;
  views.refresh();
  expect(pull()).toEqual([]);
  expect(client.state).toEqual({ n: 0 });
  expect(follow(nested).pull()).toMatchObject([{ type: "state.end", reason: "unavailable", retry: true }]);
  fails = false;
  views.refresh();
  expect(followed(nested).client.state).toEqual({ n: 0 });
  stream.set("n", 1);
  clock.flush();
  clock.flush();
  pull();
  expect(client.state).toEqual({ n: 1 });
  expect(connection.closed).toBe(false);
});

test("a slice of a view that JSON cannot carry withholds the view, since its previous value may not be seen any more", () => {
  const { errors, onError } = collector();
  const { stream, clock } = setup({ n: 0 });
  const views = clock.createStateViews(stream, ({ n }) => ({ secret: n === 0 ? "secret" : n === 1 ? 1n : "open" }), {
    onError,
  });
  const { pull } = followed(views.get("a"));
  stream.set("n", 1);
  clock.flush();
  expect(errors).toMatchObject([{ code: "not-serializable" }]);
  expect(textOf(chunksOf(views.get("a").connect()))).not.toContain("secret");
  stream.set("n", 2);
  clock.flush();
  expect(pull()).toMatchObject([{ slice: "secret", value: "open" }]);
});

test("a projection that uses the views itself does no harm", () => {
  const { stream, clock } = setup({ n: 0 });
  const views: ReturnType<typeof clock.createStateViews<typeof stream, { n: unknown }>> = clock.createStateViews(
    stream,
    (state, key) => {
      void views.get(key).state;
      views.get("other").connect().close();
      views.refresh("unknown");
      return { n: state["n"] };
    },
  );
  const { client, pull } = followed(views.get("a"));
  stream.set("n", 1);
  clock.flush();
  pull();
  expect(client.state).toEqual({ n: 1 });
});

test("the states of a stream with a view are not kept alive by the state that anybody holds", async () => {
  const { stream, clock } = setup({ rows: { n: 0 } });
  const first = stream.state;
  const views = clock.createStateViews(stream, ({ rows }) => ({ rows }));
  const { connection, pull } = followed(views.get("a"));
  const refs = Array.from({ length: 50 }, (_, n) => {
    const rows = { n: n + 1, text: filler(1000) };
    stream.set("rows", rows);
    clock.flush();
    pull();
    return new WeakRef(rows);
  });
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  expect(first).toStrictEqual({ rows: { n: 0 } });
  connection.close();
});
