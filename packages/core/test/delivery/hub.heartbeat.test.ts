import { expect, test } from "vitest";
import { chunksOf, filler, follow, followed, setup, textOf } from "../support/streams.ts";

test("a heartbeat is a real event with the connection's position as id", () => {
  const { stream, clock } = setup({ a: 0 }, {}, { now: 1000 });
  const { connection } = followed(stream);
  stream.set("a", 1);
  chunksOf(connection);
  clock.advance(15_000);
  expect(textOf(chunksOf(connection))).toBe(
    'event: heartbeat\ndata: {"type":"heartbeat","seq":1,"head":1,"heartbeatMs":15000,"timestamp":16000}\n' +
      "id: testepoch00.1\n\n",
  );
});

test("heartbeats come every heartbeatMs, counted from the first connection, and never take a seq", () => {
  const { stream, clock } = setup({ a: 0 }, { heartbeatMs: 1000 });
  clock.advance(12_345);
  const { client, connection, pull } = followed(stream);
  connection.onReadable(() => pull());
  clock.advance(999);
  expect(client.events).toHaveLength(1);
  clock.advance(1);
  expect(client.events).toHaveLength(2);
  clock.advance(8000);
  expect(client.events).toHaveLength(10);
  expect(stream.stats().events).toBe(0);
  stream.set("a", 1);
  clock.flush();
  expect(client.events.at(-1)?.data).toMatchObject({ type: "state.update", seq: 1 });
});

test("at most one heartbeat waits, and its head is the head at the time it is sent", () => {
  const { stream, clock } = setup({ a: 0 });
  const { pull } = followed(stream);
  clock.advance(15_000);
  stream.set("a", 1);
  clock.advance(14_000);
  expect(pull()).toMatchObject([
    { type: "state.update", seq: 1 },
    { type: "heartbeat", seq: 1, head: 1, timestamp: 15_000 },
  ]);
  expect(pull()).toEqual([]);
});

test("a heartbeat of a filtered connection has its position as seq and its last selected event as head", () => {
  const { stream, clock } = setup({ a: 0, b: 0 });
  const { pull } = followed(stream, { slices: ["a"] });
  stream.set("a", 1);
  stream.set("b", 1);
  stream.set("b", 2);
  clock.advance(15_000);
  expect(pull()).toMatchObject([{ seq: 1 }, { type: "heartbeat", seq: 3, head: 1 }]);
});

test("a resumed connection's first heartbeat has the head of the events that follow", () => {
  const { stream } = setup({ a: 0 });
  const { client } = followed(stream);
  for (let n = 1; n <= 3; n++) stream.set("a", n);
  expect(follow(stream, {}, client.bookmark).pull(2)).toMatchObject([{ type: "heartbeat", seq: 0, head: 3 }]);
});

test("a connection that is new gets its snapshot before any heartbeat", () => {
  const { stream, clock } = setup({ a: 0 });
  followed(stream);
  clock.advance(14_999);
  const late = follow(stream);
  clock.advance(1);
  expect(late.pull().map(({ type }) => type)).toEqual(["state.initial", "heartbeat"]);
});

test("no heartbeat comes where heartbeatMs is as long as timers allow", () => {
  const { stream, clock } = setup({ a: 0 }, { heartbeatMs: Infinity });
  const { pull, connection } = followed(stream);
  clock.advance(1_000_000_000);
  expect(pull()).toEqual([]);
  expect(connection.closed).toBe(false);
  const { client } = followed(stream);
  expect(client.events[0]?.data).toMatchObject({ heartbeatMs: 2 ** 31 - 1 });
});

test("the retry time is uniform in [retryMs, 2 retryMs), drawn for each connection", () => {
  const draws = [0, 0.5, 0.999_999];
  let drawn = 0;
  const { stream } = setup({ a: 0 }, { retryMs: 1000 }, { random: () => draws[drawn++ % draws.length] as number });
  const times = new Set<number | undefined>();
  for (let count = 0; count < 30; count++) times.add(followed(stream).client.retryMs);
  expect(times).toEqual(new Set([1000, 1500, 1999]));
});

test("a beat while a large snapshot is under way waits for its turn", () => {
  const { stream, clock } = setup({ a: filler(200_000) });
  const { pull } = follow(stream);
  pull(3);
  clock.advance(15_000);
  expect(pull().map(({ type }) => type)).toEqual(["state.initial", "heartbeat"]);
});

test("a heartbeat interval below 50 ms is kept as it is announced", () => {
  const { stream, clock } = setup({ a: 0 }, { heartbeatMs: 20 });
  const { connection, client, pull } = followed(stream);
  connection.onReadable(() => pull());
  clock.advance(100);
  expect(client.events.slice(1).map(({ data }) => data)).toMatchObject(
    [20, 40, 60, 80, 100].map((timestamp) => ({ type: "heartbeat", heartbeatMs: 20, timestamp })),
  );
});
