import { expect, test } from "vitest";
import type { Connection } from "../../src/index.ts";
import { chunksOf, filler, follow, followed, setup } from "../support/streams.ts";

/** Reads the retry line and one part of what follows, as a writer does that is full then. */
function readPart(connection: Connection): void {
  connection.read();
  connection.read();
}

test("one connection too many is told overloaded, and gets nothing", () => {
  const { stream } = setup({ a: "sentinel" }, { maxConnections: 2 });
  const [first] = [followed(stream), followed(stream)];
  const third = follow(stream);
  expect(third.pull()).toMatchObject([{ type: "state.end", reason: "overloaded", retry: true }]);
  expect(stream.stats()).toMatchObject({ connections: 2, closed: { overloaded: 1 } });
  first?.connection.close();
  expect(followed(stream).client.state).toEqual({ a: "sentinel" });
});

test("maxConnections 0 lets nobody in", () => {
  const { stream, clock } = setup({ a: 1 }, { maxConnections: 0 });
  expect(follow(stream, { lastEventId: "testepoch00.0" }).pull()).toMatchObject([{ type: "state.end" }]);
  expect(clock.timers).toBe(0);
});

test("bytes pinned by blocked connections beyond maxLogBytes close the slowest", () => {
  const { stream, clock } = setup({ a: filler(100_000), n: 0 }, { maxLogBytes: 250_000, maxStallMs: 1e9 });
  const blocked: Connection[] = [];
  for (let n = 0; n < 4; n++) {
    const connection = stream.connect();
    readPart(connection);
    blocked.push(connection);
    // So much has changed that the next snapshot is another.
    stream.set("a", `${n}${filler(100_000)}`);
    clock.flush();
    clock.advance(10);
  }
  expect(blocked.map(({ closeReason }) => closeReason)).toEqual(["overloaded", "overloaded", undefined, undefined]);
  expect(stream.stats().closed).toEqual({ overloaded: 2 });
});

test("connections that are blocked on the same bytes count once", () => {
  const { stream, clock } = setup({ a: filler(100_000) }, { maxLogBytes: 150_000 });
  const blocked = Array.from({ length: 50 }, () => stream.connect());
  blocked.forEach(readPart);
  stream.set("a", 1);
  clock.flush();
  expect(stream.stats().connections).toBe(50);
});

test("a single snapshot never counts as too much", () => {
  const { stream, clock } = setup({ a: filler(500_000), n: 0 }, { maxLogBytes: 1000 });
  const { connection, client, pull } = follow(stream);
  pull(2);
  stream.set("n", 1);
  clock.flush();
  expect(connection.closed).toBe(false);
  pull();
  expect(client.state["n"]).toBe(1);
});

test("what has been taken counts no more", () => {
  const { stream, clock } = setup({ a: filler(100_000), n: 0 }, { maxLogBytes: 150_000 });
  const blocked: Connection[] = [];
  for (let n = 0; n < 5; n++) {
    const connection = stream.connect();
    readPart(connection);
    stream.set("a", `${n}${filler(100_000)}`);
    clock.flush();
    chunksOf(connection);
    blocked.push(connection);
  }
  expect(stream.stats().connections).toBe(5);
});

test("a connection that reads is not closed for those that do not", () => {
  const { stream, clock } = setup({ a: filler(100_000) }, { maxLogBytes: 120_000, maxStallMs: 1e9 });
  const reader = followed(stream);
  for (let n = 0; n < 5; n++) {
    readPart(stream.connect());
    stream.set("a", `${n}${filler(100_000)}`);
    clock.flush();
    clock.advance(10);
    reader.pull();
  }
  expect(reader.connection.closed).toBe(false);
  expect(reader.client.state).toEqual(stream.state);
});
