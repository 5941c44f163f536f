import { expect, test } from "vitest";
import { chunksOf, filler, follow, followed, setup, type Slices, textOf } from "../support/streams.ts";

const SENTINEL = "sentinel-of-a-hidden-slice";

/** Shows what is in `shown`; a change of the slice "tick" has it asked again. */
function hiding(initialState: Slices, options: object = {}) {
  const shown = new Set(Object.keys(initialState));
  const given = setup(initialState, { slices: () => [...shown], ...options });
  const ask = (): void => given.stream.set("tick", {});
  return { ...given, shown, ask };
}

test("a slice that becomes visible arrives as a value, one that stops as removed, in the commit that made it so", () => {
  const { stream, shown } = hiding({ tick: 0, a: 1 });
  const { client, pull } = followed(stream);
  shown.delete("a");
  stream.set("tick", 1);
  expect(pull()).toMatchObject([
    { slice: "tick", more: true },
    { slice: "a", removed: true, base: 0 },
  ]);
  shown.add("a");
  stream.set("tick", 2);
  expect(pull()).toMatchObject([
    { slice: "tick", more: true },
    { slice: "a", value: 1, base: 2 },
  ]);
  expect(client.state).toEqual({ tick: 2, a: 1 });
});

test("the slices function also decides what snapshots and `state` have", () => {
  const { stream, shown, ask } = hiding({ tick: 0, a: 1, b: 2 });
  shown.delete("b");
  ask();
  expect(followed(stream).client.state).toEqual({ tick: {}, a: 1 });
  expect(stream.state).toEqual({ tick: {}, a: 1 });
});

test("a change of a hidden slice makes no event", () => {
  const { stream, shown, ask } = hiding({ tick: 0, a: SENTINEL });
  shown.delete("a");
  ask();
  const { events } = stream.stats();
  stream.set("a", `${SENTINEL} 2`);
  expect(stream.stats().events).toBe(events);
});

test("hidden data is never replayed: a client that resumes from before gets a snapshot", () => {
  const { stream, shown, ask } = hiding({ tick: 0, a: 1 });
  const { client } = followed(stream);
  stream.set("a", SENTINEL);
  shown.delete("a");
  ask();
  const back = stream.connect({ lastEventId: client.id });
  expect(textOf(chunksOf(back))).not.toContain(SENTINEL);
  const { client: again, pull } = follow(stream, {}, client.bookmark);
  expect(pull()).toMatchObject([{ type: "state.initial", reason: "trimmed" }]);
  expect(again.state).toEqual({ tick: {} });
});

test("a client that had it already resumes, and gets its removal", () => {
  const { stream, shown, ask } = hiding({ tick: 0, a: 1 });
  const first = followed(stream);
  stream.set("a", SENTINEL);
  first.pull();
  shown.delete("a");
  ask();
  const { client, pull } = follow(stream, {}, first.client.bookmark);
  expect(pull()).toMatchObject([{ type: "heartbeat" }, { slice: "tick" }, { slice: "a", removed: true }]);
  expect(client.state).toEqual({ tick: {} });
});

test("hidden data is not in a reused snapshot", () => {
  const { stream, shown, ask } = hiding({ tick: 0, a: SENTINEL, filler: filler(10_000) });
  followed(stream);
  shown.delete("a");
  ask();
  const late = stream.connect();
  expect(textOf(chunksOf(late))).not.toContain(SENTINEL);
});

test("a connection that keeps up but has not read the last value does not get it any more", () => {
  const { stream, clock, shown, ask } = hiding({ tick: 0, a: 1 });
  const { pull, client, connection } = followed(stream);
  stream.set("a", SENTINEL);
  shown.delete("a");
  ask();
  clock.flush();
  const events = pull();
  expect(JSON.stringify(events)).not.toContain(SENTINEL);
  expect(client.state).toEqual({ tick: {} });
  expect(connection.closed).toBe(false);
});

test("a range that others read before is not replayed from either", () => {
  const { stream, clock, shown, ask } = hiding({ tick: 0, a: 1 });
  const quick = followed(stream);
  const slow = followed(stream);
  stream.set("a", SENTINEL);
  clock.flush();
  quick.pull();
  shown.delete("a");
  ask();
  expect(JSON.stringify(slow.pull())).not.toContain(SENTINEL);
  expect(slow.client.state).toEqual({ tick: {} });
});

test("a chunk that was given in part is not continued once a slice of the client's selection is hidden", () => {
  const { stream, clock, shown, ask } = hiding({ tick: 0, a: filler(100_000) + SENTINEL });
  const { connection, pull } = follow(stream);
  let inMutator = false;
  connection.onReadable(() => {
    if (inMutator) throw new Error("called inside the mutator");
  });
  pull(2);
  shown.delete("a");
  inMutator = true;
  ask();
  inMutator = false;
  expect(stream.stats().errors).toBe(0);
  clock.flush();
  expect(connection.read()).toBeUndefined();
  expect(connection.closeReason).toBe("revoked");
});

test("a chunk is not continued either when its writer comes back before the flush", () => {
  const { stream, shown, ask } = hiding({ tick: 0, a: filler(100_000) + SENTINEL });
  const { connection, pull } = follow(stream);
  pull(2);
  shown.delete("a");
  ask();
  expect(connection.read()).toBeUndefined();
  expect(connection.closeReason).toBe("revoked");
});
