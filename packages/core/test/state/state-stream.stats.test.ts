import { expect, test } from "vitest";
import { chunksOf, followed, setup } from "../support/streams.ts";

test("the counts of a new stream are zero", () => {
  const { stream } = setup({ a: 1 });
  expect(stream.stats()).toEqual({
    connections: 0,
    events: 0,
    eventId: "testepoch00.0",
    logEvents: 0,
    logBytes: 0,
    logAgeMs: 0,
    bytesWritten: 0,
    snapshots: {},
    replacements: 0,
    closed: {},
    errors: 0,
  });
});

test("stats counts events, replacements, bytes, snapshots, closings and errors", () => {
  const { stream } = setup({ a: { n: 0 }, b: 0 }, { onError: () => {}, maxLogEvents: 2 });
  const connection = stream.connect();
  let bytes = chunksOf(connection).reduce((sum, { length }) => sum + length, 0);
  stream.set("a", { n: 1 });
  stream.set("b", 1);
  stream.remove("b");
  stream.set("b", 2n);
  bytes += chunksOf(connection).reduce((sum, { length }) => sum + length, 0);
  followed(stream).connection.end("revoked");
  connection.close();
  const stats = stream.stats();
  expect(stats).toMatchObject({
    events: 3,
    eventId: "testepoch00.3",
    logEvents: 2,
    replacements: 1,
    errors: 1,
    closed: { disconnected: 1 },
  });
  expect(stats.bytesWritten).toBeGreaterThan(bytes);
  expect(stats.logBytes).toBeGreaterThan(100);
});

test("an object that stats gave does not change afterwards", () => {
  const { stream } = setup({ a: 0 });
  const { snapshots, closed } = stream.stats();
  followed(stream).connection.close();
  expect([snapshots, closed]).toEqual([{}, {}]);
});

test("eventId is the position of the log, in base 36", () => {
  const { stream } = setup({ a: 0 });
  for (let n = 1; n <= 40; n++) stream.set("a", n);
  expect(stream.eventId).toBe("testepoch00.14");
});

test("`state` is one object until something changes", () => {
  const { stream } = setup({ a: { n: 1 }, b: 1 });
  const { state } = stream;
  expect(stream.state).toBe(state);
  stream.set("b", 1);
  expect(stream.state).toBe(state);
  stream.set("b", 2);
  expect(stream.state).not.toBe(state);
  expect(stream.state["a"]).toBe(state["a"]);
});

test("the age of the log is that of the oldest event it still holds", () => {
  const { stream, clock } = setup({ a: 0 }, { maxLogEvents: 1 });
  stream.set("a", 1);
  clock.advance(1000);
  expect(stream.stats().logAgeMs).toBe(1000);
  stream.set("a", 2);
  clock.advance(200);
  expect(stream.stats().logAgeMs).toBe(200);
});
