import { describe, expect, test } from "vitest";
import type { Connection, WritableStateStream } from "../../src/index.ts";
import { chunksOf, filler, follow, followed, type Setup, setup, type Slices } from "../support/streams.ts";

test("one connection too many gets overloaded, and nothing else", () => {
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

describe("connections in the middle of a large snapshot", () => {
  const SIZE = 100_000;

  /** Room for two snapshots of `a`, and not for three. */
  function room(maxStallMs = 1e9): Setup {
    return setup({ a: filler(SIZE) }, { maxPinnedBytes: 2.5 * SIZE, maxStallMs, heartbeatMs: 1e9 });
  }

  /** Makes the next snapshot another one. */
  function replace(stream: WritableStateStream<Slices>, n: number): void {
    stream.set("a", `${n}${filler(SIZE)}`);
  }

  /** Reads the retry line and the first part of what follows, as a writer does that is full then. */
  function readPart(connection: Connection): Uint8Array | undefined {
    connection.read();
    return connection.read();
  }

  /** Two connections, each in the middle of a snapshot of its own. */
  function full({ stream }: Setup): Connection[] {
    return [1, 2].map((n) => {
      const connection = stream.connect();
      readPart(connection);
      replace(stream, n);
      return connection;
    });
  }

  test("are not closed for a newcomer, which waits until there is room", () => {
    const { stream, clock } = room();
    const [first, second] = full({ stream, clock });
    const newcomer = follow(stream);
    newcomer.connection.onReadable(() => newcomer.pull());
    clock.flush();
    clock.advance(4000);
    expect(newcomer.client.events).toEqual([]);
    expect([first?.closed, second?.closed]).toEqual([false, false]);
    chunksOf(first as Connection);
    clock.flush();
    expect(newcomer.client.state).toEqual(stream.state);
  });

  test("let in all that wait at once, since those share one snapshot", () => {
    const { stream, clock } = room();
    const [first] = full({ stream, clock });
    const waiting = Array.from({ length: 50 }, (_, n) =>
      follow(stream, n % 2 === 0 ? {} : { slices: ["a", `no-${n}`] }),
    );
    for (const { connection } of waiting) expect(readPart(connection)).toBeUndefined();
    first?.close();
    clock.flush();
    for (const { connection } of waiting) expect(connection.read()).toHaveLength(65_536);
    expect(stream.stats().connections).toBe(51);
  });

  test("are closed when they have taken nothing for five seconds while a newcomer waits", () => {
    const { stream, clock } = room();
    const [first, second] = full({ stream, clock });
    const newcomer = follow(stream);
    newcomer.connection.onReadable(() => newcomer.pull());
    clock.flush();
    clock.advance(2500);
    second?.read();
    clock.advance(3500);
    expect([first?.closeReason, second?.closeReason]).toEqual(["overloaded", undefined]);
    expect(newcomer.client.state).toEqual(stream.state);
  });

  test("are left alone where nobody waits, however little they take", () => {
    const { stream, clock } = room();
    const [first, second] = full({ stream, clock });
    clock.advance(60_000);
    expect([first?.closed, second?.closed]).toEqual([false, false]);
  });

  test("keep a newcomer waiting while they make progress, for maxStallMs at most, then it gets overloaded", () => {
    const { stream, clock } = setup({ a: filler(50 * SIZE) }, { maxPinnedBytes: 0, maxStallMs: 20_000 });
    const busy = [1, 2].map((n) => {
      const connection = stream.connect();
      readPart(connection);
      stream.set("a", `${n}${filler(50 * SIZE)}`);
      return connection;
    });
    const newcomer = follow(stream);
    newcomer.connection.onReadable(() => newcomer.pull());
    clock.flush();
    for (let second = 0; second < 20; second++) {
      expect(newcomer.connection.closed).toBe(false);
      clock.advance(1000);
      for (const connection of busy) expect(connection.read()).toHaveLength(65_536);
    }
    clock.flush();
    expect(newcomer.client.events.map(({ data }) => data)).toMatchObject([
      { type: "state.end", reason: "overloaded", retry: true },
    ]);
    expect(newcomer.connection.closeReason).toBe("overloaded");
  });

  test("count what they share once", () => {
    const { stream, clock } = setup({ a: filler(SIZE) }, { maxPinnedBytes: 1.5 * SIZE });
    const blocked = Array.from({ length: 50 }, () => stream.connect());
    blocked.forEach(readPart);
    stream.set("a", 1);
    clock.flush();
    expect(stream.stats().connections).toBe(50);
  });

  test("may always be two, however large the state is", () => {
    const { stream, clock } = setup({ a: filler(5 * SIZE) }, { maxPinnedBytes: 1000 });
    const first = follow(stream);
    first.pull(2);
    stream.set("a", `1${filler(5 * SIZE)}`);
    const second = follow(stream);
    expect(readPart(second.connection)).toHaveLength(65_536);
    clock.advance(6000);
    first.pull();
    expect(first.client.state).toEqual(stream.state);
    expect(second.connection.closed).toBe(false);
  });

  test("count no more once they have taken everything", () => {
    const { stream } = room();
    for (let n = 0; n < 5; n++) {
      const { client, pull } = follow(stream);
      pull();
      expect(client.state).toEqual(stream.state);
      replace(stream, n);
    }
  });

  test("do not keep others from the state where nobody reads them and each has a selection of its own", () => {
    const { stream, clock } = room();
    for (let n = 0; n < 30; n++) {
      readPart(stream.connect({ slices: ["a", `z${n}`] }));
      replace(stream, n);
      clock.flush();
      clock.advance(2000);
    }
    const honest = follow(stream);
    honest.connection.onReadable(() => honest.pull());
    clock.flush();
    clock.advance(6000);
    expect(honest.client.state).toEqual(stream.state);
  });
});

test("a connection that has a state and waits for room gets heartbeats", () => {
  const { stream, clock } = setup({ a: 0 }, { maxPinnedBytes: 250_000, heartbeatMs: 1000 });
  const blocked = [1, 2].map((n) => {
    stream.set("a", `${n}${filler(100_000)}`);
    const connection = stream.connect();
    connection.read();
    connection.read();
    return connection;
  });
  const { connection, client, pull } = followed(stream);
  const before = stream.state;
  connection.onReadable(() => pull());
  stream.set("a", `3${filler(100_000)}`);
  clock.flush();
  clock.advance(1000);
  expect(client.events.at(-1)?.data).toMatchObject({ type: "heartbeat", seq: 2, head: 3 });
  expect(client.state).toEqual(before);
  blocked[0]?.close();
  clock.flush();
  expect(client.state).toEqual(stream.state);
});
