import { expect, test, vi } from "vitest";
import type { StateStreamError } from "../../src/index.ts";
import {
  chunksOf,
  collector,
  filler,
  follow,
  followed,
  type Follower,
  setup,
  textOf,
  thrownBy,
} from "../support/streams.ts";

interface Table {
  readonly board: { readonly turn: number };
  readonly hands: Readonly<Record<string, readonly string[]>>;
}

const project = (state: Record<string, unknown>, player: string) => {
  const { board, hands } = state as unknown as Table;
  return { board, hand: Object.hasOwn(hands, player) ? (hands[player] ?? []) : [] };
};

function table(options: object = {}, viewOptions: object = {}) {
  const given = setup({ board: { turn: 1 }, hands: { ann: ["ace"], bob: ["two"] } }, options);
  const projected = vi.fn<typeof project>(project);
  const views = given.clock.createStateViews(given.stream, projected, viewOptions);
  return { ...given, views, projected };
}

test("each key sees what the projection gives for it, and changes of that only", () => {
  const { stream, clock, views } = table();
  const [ann, bob] = [followed(views.get("ann")), followed(views.get("bob"))];
  expect(ann.client.state).toEqual({ board: { turn: 1 }, hand: ["ace"] });
  expect(bob.client.state).toEqual({ board: { turn: 1 }, hand: ["two"] });
  stream.set("hands", { ann: ["ace"], bob: ["two", "three"] });
  clock.flush();
  expect(ann.pull()).toEqual([]);
  expect(bob.pull()).toMatchObject([{ slice: "hand", patches: [{ op: "add", path: "/1", value: "three" }] }]);
});

test("a view is projected once per flush, however many connections and changes there are", () => {
  const { stream, clock, views, projected } = table();
  const followers = Array.from({ length: 10 }, () => followed(views.get("ann")));
  expect(projected).toHaveBeenCalledTimes(1);
  for (let turn = 2; turn < 5; turn++) stream.set("board", { turn });
  clock.flush();
  expect(projected).toHaveBeenCalledTimes(2);
  for (const { client, pull } of followers) {
    expect(pull()).toHaveLength(1);
    expect(client.state).toMatchObject({ board: { turn: 4 } });
  }
});

test("the notification comes in the turn in which the parent notifies", () => {
  const { stream, clock, views } = table();
  const { connection, pull } = followed(views.get("ann"));
  const turns: string[] = [];
  connection.onReadable(() => turns.push(`view ${pull().length}`));
  stream.set("board", { turn: 2 });
  clock.clock.defer(() => turns.push("next"));
  clock.flush();
  expect(turns).toEqual(["view 1", "next"]);
});

test("a view is brought up to the stream before it is read, connected to or looked at", () => {
  const { stream, views } = table();
  const { pull, client } = followed(views.get("ann"));
  stream.set("hands", { ann: [] });
  expect(followed(views.get("ann")).client.state).toMatchObject({ hand: [] });
  expect(views.get("ann").state).toEqual({ board: { turn: 1 }, hand: [] });
  pull();
  expect(client.state).toMatchObject({ hand: [] });
});

test("without connections nothing is projected until the next connect", () => {
  const { stream, clock, views, projected } = table();
  const { connection } = followed(views.get("ann"));
  connection.close();
  stream.set("board", { turn: 2 });
  clock.flush();
  expect(projected).toHaveBeenCalledTimes(1);
  expect(followed(views.get("ann")).client.state).toMatchObject({ board: { turn: 2 } });
});

test("what was revoked before a client read it is not sent to it, though others were sent it", () => {
  const { stream, clock, views } = table();
  const [quick, slow] = [followed(views.get("ann")), followed(views.get("ann"))];
  stream.set("hands", { ann: ["ace", "secret"] });
  clock.flush();
  quick.pull();
  stream.set("hands", { ann: ["ace"] });
  const text = textOf(chunksOf(slow.connection));
  expect(text).not.toContain("secret");
  quick.pull();
  expect(quick.client.state).toMatchObject({ hand: ["ace"] });
});

test("a client at the flush before gets that commit, one further back a snapshot", () => {
  const { stream, clock, views } = table();
  const before = followed(views.get("ann"));
  stream.set("hands", { ann: ["king"] });
  clock.flush();
  const last = followed(views.get("ann"));
  stream.set("hands", { ann: ["queen"] });
  clock.flush();
  last.connection.close();
  before.connection.close();
  const [resumed, trimmed] = [last, before].map(({ client }) => follow(views.get("ann"), {}, client.bookmark));
  expect(resumed?.pull()).toMatchObject([{ type: "heartbeat" }, { slice: "hand" }]);
  expect(trimmed?.pull()).toMatchObject([{ type: "state.initial", reason: "trimmed" }]);
});

test("changes that only add are replayed, since nothing was taken away", () => {
  const { stream, clock, views } = table();
  const { client, connection } = followed(views.get("ann"));
  connection.close();
  const other = followed(views.get("ann"));
  for (const hand of [
    ["ace", "two"],
    ["ace", "two", "three"],
  ]) {
    stream.set("hands", { ann: hand });
    clock.flush();
    other.pull();
  }
  const back = follow(views.get("ann"), {}, client.bookmark);
  expect(back.pull()).toMatchObject([{ type: "heartbeat" }, { slice: "hand" }, { slice: "hand" }]);
  expect(back.client.state).toMatchObject({ hand: ["ace", "two", "three"] });
});

test("a snapshot is not reused once something in it was revoked", () => {
  const { stream, clock, views } = table();
  const padding = filler(10_000);
  stream.set("hands", { ann: [padding, "secret"] });
  followed(views.get("ann"));
  stream.set("hands", { ann: [padding] });
  clock.flush();
  expect(textOf(chunksOf(views.get("ann").connect()))).not.toContain("secret");
});

test("a snapshot in mid-download is not continued once a right is lost, also where the writer comes back before the flush", () => {
  const { stream, clock, views } = table({}, { onError: vi.fn<() => void>() });
  const download = (): Follower => {
    stream.set("hands", { ann: [filler(5_000_000), "secret"] });
    const follower = follow(views.get("ann"));
    follower.pull(3);
    return follower;
  };
  const first = download();
  stream.set("hands", { ann: [] });
  expect(first.connection.read()).toBeUndefined();
  expect(first.connection.closeReason).toBe("revoked");
  const second = download();
  stream.set("hands", { ann: [] });
  clock.flush();
  expect(second.connection.closeReason).toBe("revoked");
});

test("a download goes on while the view only gains, or another slice changes", () => {
  const { stream, clock, views } = table();
  stream.set("hands", { ann: [filler(500_000)] });
  const { connection, pull, client } = follow(views.get("ann"), { slices: ["hand"] });
  pull(3);
  stream.set("hands", { ann: [filler(500_000), "more"] });
  clock.flush();
  stream.set("board", { turn: 2 });
  clock.flush();
  pull();
  expect(connection.closed).toBe(false);
  expect((client.state["hand"] as string[])[1]).toBe("more");
});

test("an event ID of one view gives a snapshot in another", () => {
  const { views } = table();
  const { client } = followed(views.get("ann"));
  const thief = follow(views.get("bob"), {}, { id: client.id, slices: new Map() });
  expect(thief.pull()).toMatchObject([{ type: "state.initial", reason: "epoch", slices: { hand: ["two"] } }]);
});

test("a connection to a view may select slices, as of every stream", () => {
  const { views } = table();
  expect(followed(views.get("ann"), { slices: ["board"] }).client.state).toEqual({ board: { turn: 1 } });
});

test("a view sees only the slices that clients of the stream may see", () => {
  const { views } = table({ slices: ["board"] });
  expect(followed(views.get("ann"), {}).client.slices.size).toBe(0);
});

test("any string is a key", () => {
  const { stream, clock, views } = table();
  for (const key of ["", "__proto__", "constructor", "a/b", "\ud800", "x".repeat(10_000)]) {
    const { client, pull } = followed(views.get(key));
    stream.set("board", { turn: Math.random() });
    clock.flush();
    pull();
    expect(client.state).toEqual({ board: stream.state["board"], hand: [] });
  }
});

test("the cause follows the stream's policy, for slices that the view shows as changed", () => {
  const { stream, clock, views } = table();
  const { pull } = followed(views.get("ann"));
  const cause = { type: "deal", id: 7, payload: "secret" };
  stream.set("hands", { ann: ["king"] }, cause);
  clock.flush();
  expect(pull()).toMatchObject([{ slice: "hand", cause: { type: "deal", id: 7 } }]);
  stream.set("hands", { ann: ["king"], bob: ["nine"] }, cause);
  clock.flush();
  expect(pull()).toEqual([]);
});

test("a view's event that stands for changes of several causes has no cause", () => {
  const { stream, clock, views } = table();
  const { pull } = followed(views.get("ann"));
  stream.set("board", { turn: 2 }, { type: "a" });
  stream.set("hands", { ann: [] }, { type: "b" });
  clock.flush();
  const events = pull();
  expect(events).toHaveLength(2);
  expect(JSON.stringify(events)).not.toContain("cause");
});

test("a slice that is given by identity is neither compared nor sent", () => {
  const { stream, clock } = setup({ big: { rows: [1, 2, 3] }, n: 0 });
  const compared = vi.fn<() => undefined>();
  const views = clock.createStateViews(stream, (state) => ({ big: state["big"], n: state["n"] }), { differ: compared });
  const { pull } = followed(views.get("a"));
  stream.set("n", 1);
  clock.flush();
  expect(pull()).toMatchObject([{ slice: "n", value: 1 }]);
  expect(compared).not.toHaveBeenCalled();
});

test("refresh makes a view again where rights live outside of the state", () => {
  const { stream, clock } = setup({ secret: "s" });
  const allowed = new Set(["ann", "bob"]);
  const views = clock.createStateViews(stream, (state, key) => (allowed.has(key) ? { secret: state["secret"] } : {}));
  const [ann, bob] = [followed(views.get("ann")), followed(views.get("bob"))];
  allowed.clear();
  views.refresh("ann");
  clock.flush();
  expect(ann.pull()).toMatchObject([{ slice: "secret", removed: true }]);
  expect(bob.pull()).toEqual([]);
  views.refresh();
  clock.flush();
  expect(bob.pull()).toMatchObject([{ slice: "secret", removed: true }]);
  expect(views.get("eve").state).toEqual({});
  allowed.add("eve");
  views.refresh("eve");
  expect(views.get("eve").state).toEqual({ secret: "s" });
});

test("views of views, and a view that is subscribed to, follow the stream", () => {
  const { stream, clock, views } = table();
  const nested = clock.createStateViews(views.get("ann"), (state, key) => ({ [key]: state.hand }));
  const { client, pull } = followed(nested.get("cards"));
  const listener = vi.fn<() => void>();
  const unsubscribe = views.get("bob").subscribe(listener);
  stream.set("hands", { ann: ["king"], bob: [] });
  clock.flush();
  pull();
  expect(client.state).toEqual({ cards: ["king"] });
  expect(listener).toHaveBeenCalledOnce();
  unsubscribe();
});

test("a snapshot for rendering names the position from which its client resumes", () => {
  const { stream, clock, views } = table();
  const { state, eventId } = views.get("ann").snapshot({ slices: ["hand"] });
  expect(state).toEqual({ hand: ["ace"] });
  stream.set("hands", { ann: ["ace", "two"] });
  clock.flush();
  const bookmark = { id: eventId, slices: new Map(Object.entries(state)) as never };
  expect(follow(views.get("ann"), { slices: ["hand"] }, bookmark).pull()).toMatchObject([
    { type: "heartbeat" },
    { slice: "hand" },
  ]);
});

test("right after a change, the event ID of a view is the one that its clients reach", () => {
  const { stream, clock, views } = table();
  const ann = followed(views.get("ann"));
  const ids: string[] = [];
  const changes = [() => stream.set("board", { turn: 2 }), () => stream.set("hands", { ann: [], bob: [] })];
  for (const change of changes) {
    change();
    const { eventId } = views.get("ann");
    clock.flush();
    ann.pull();
    expect(ann.client.id).toBe(eventId);
    ids.push(eventId);
  }
  expect(new Set(ids).size).toBe(2);
});

test("createStateViews refuses what is no stream, no function, or no option", () => {
  const { clock, stream } = setup({});
  const { createStateViews } = clock;
  for (const make of [
    () => createStateViews({} as never, () => ({})),
    () => createStateViews(stream, undefined as never),
    () => createStateViews(stream, () => ({}), { maxViews: -1 }),
    () => createStateViews(stream, () => ({}), { idle: 1 } as never),
    () => createStateViews(stream, () => ({}), { heartbeatMs: 0 }),
  ]) {
    expect(thrownBy(make)).toMatchObject({ code: "invalid-option" });
  }
});

test("a key that is no string is reported and refused, and does not throw", () => {
  const { errors, onError } = collector();
  const { views, projected } = table({}, { onError });
  const { pull } = follow(views.get(undefined as never));
  expect(pull()).toMatchObject([{ type: "state.end", reason: "overloaded" }]);
  expect(projected).not.toHaveBeenCalled();
  expect(errors).toMatchObject([{ code: "invalid-option" }] satisfies Partial<StateStreamError>[]);
});

test("a slice that several views show by identity is compared once for all of them", () => {
  const { stream, clock } = setup({ rows: [1, 2] });
  const differ = vi.fn<() => undefined>();
  const views = clock.createStateViews(stream, ({ rows }, key) => ({ rows, key }), { differ });
  const followers = ["a", "b", "c"].map((key) => followed(views.get(key)));
  stream.set("rows", [1, 2, 3]);
  clock.flush();
  expect(differ).toHaveBeenCalledOnce();
  for (const { client, pull } of followers) {
    pull();
    expect(client.state).toMatchObject({ rows: [1, 2, 3] });
  }
});

test("what a view shows of its stream by identity is sent as the stream found it, unless the stream changed twice", () => {
  const { stream, clock } = setup({ rows: [1, 2] }, { differ: () => undefined });
  const followers = [{}, { rowIds: ["id"] }].map((options) =>
    followed(clock.createStateViews(stream, ({ rows }) => ({ rows }), options).get("a")),
  );
  const send = (...states: number[][]) => {
    for (const rows of states) stream.set("rows", rows);
    clock.flush();
    const sent = followers.map(({ pull }) => pull().map((event) => Object.keys(event)));
    for (const { client } of followers) expect(client.state).toEqual({ rows: states.at(-1) });
    return sent;
  };
  const [value, patches] = [[expect.arrayContaining(["value"])], [expect.arrayContaining(["patches"])]];
  expect(send([1, 2, 3])).toEqual([value, patches]);
  expect(send([1, 2, 3, 4], [1, 2, 3, 4, 5])).toEqual([patches, patches]);
  expect(send([1, 2, 3, 4, 5, 6])).toEqual([value, patches]);
});

test("equal values that several views compute are read once, and what they show of the stream is not read again", () => {
  const { stream, clock } = setup({ rows: [{ n: 1 }] });
  let reads = 0;
  const computed = new Map<unknown, object>();
  const views = clock.createStateViews(stream, ({ rows }) => {
    const made = computed.get(rows) ?? { toJSON: () => ({ reads: ++reads }) };
    computed.set(rows, made);
    return { rows, made };
  });
  const followers = ["a", "b"].map((key) => followed(views.get(key)));
  expect(reads).toBe(1);
  stream.set("rows", [{ n: 2 }]);
  clock.flush();
  expect(reads).toBe(2);
  for (const { client, pull } of followers) {
    pull();
    expect(client.state).toEqual({ rows: [{ n: 2 }], made: { reads: 2 } });
  }
});

test("what a view costs does not depend on the slices of the stream that it does not show", () => {
  const cost = (slices: number): number => {
    const names = Array.from({ length: slices }, (_, index) => `slice ${index}`);
    const { stream, clock } = setup(Object.fromEntries(names.map((name) => [name, {}])));
    const views = clock.createStateViews(stream, (state) => ({ shown: state["slice 0"] }));
    for (let key = 0; key < 100; key++) followed(views.get(`${key}`));
    const start = process.cpuUsage();
    for (let n = 0; n < 30; n++) {
      stream.set("slice 0", { n });
      clock.flush();
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  cost(1);
  // A walk over all slices for each view would take seconds.
  expect(cost(5000)).toBeLessThan(5 * cost(1) + 300);
});
