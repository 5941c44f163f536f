import { expect, test } from "vitest";
import { filler, follow, followed, setup } from "../support/streams.ts";

const BIG = filler(1_000_000);

test("a connection that takes no byte is destroyed at maxStallMs, never before", () => {
  const { stream, clock } = setup({ a: BIG }, { maxStallMs: 20_000 });
  const { connection, pull } = follow(stream);
  let notified = 0;
  connection.onReadable(() => notified++);
  pull(2);
  stream.set("a", 1);
  // Something else makes the stream look at the clock shortly before.
  followed(stream, { expiresAt: 19_500 });
  clock.advance(19_999);
  expect(connection.closed).toBe(false);
  clock.advance(1);
  expect(connection.closeReason).toBe("stalled");
  expect(connection.read()).toBeUndefined();
  expect(notified).toBeGreaterThan(0);
});

test("the writer of a stalled connection is notified, so that it can destroy the response", () => {
  const { stream, clock } = setup({ a: BIG }, { maxStallMs: 20_000 });
  const { connection, pull } = follow(stream);
  const seen: boolean[] = [];
  connection.onReadable(() => seen.push(connection.closed));
  clock.flush();
  pull(2);
  clock.advance(20_000);
  expect(seen.at(-1)).toBe(true);
});

test("a slow reader of a large snapshot is not cut off while it makes progress", () => {
  const { stream, clock } = setup({ a: BIG }, { maxStallMs: 20_000 });
  const { connection, client, pull } = follow(stream);
  pull(1);
  for (let part = 0; part < 16; part++) {
    clock.advance(19_999);
    stream.set("n", part);
    clock.flush();
    expect(connection.closed).toBe(false);
    pull(1);
  }
  pull();
  expect(connection.closed).toBe(false);
  expect(client.state).toEqual({ a: BIG, n: 15 });
});

test("the first stall counts from the last byte taken, however often there was news", () => {
  const { stream, clock } = setup({ a: 0 }, { maxStallMs: 20_000 });
  const { connection, client } = followed(stream);
  stream.set("a", 1);
  client.feed(connection.read() as Uint8Array);
  for (let second = 1; second < 20; second++) {
    clock.advance(1000);
    stream.set("a", second);
    clock.flush();
  }
  expect(connection.closed).toBe(false);
  clock.advance(1000);
  expect(connection.closeReason).toBe("stalled");
});

test("an idle connection that reads is never stalled", () => {
  const { stream, clock } = setup({ a: 0 }, { maxStallMs: 1000, heartbeatMs: 60_000 });
  const { connection, pull } = followed(stream);
  connection.onReadable(() => pull());
  clock.advance(600_000);
  expect(connection.closed).toBe(false);
});

test("a connection that nobody ever reads is closed", () => {
  const { stream, clock } = setup({ a: 0 });
  const connection = stream.connect();
  clock.advance(15_000 + 30_000);
  expect(connection.closeReason).toBe("stalled");
  expect(clock.timers).toBe(0);
});

test("a connection ends at an age drawn between four fifths of maxAgeMs and maxAgeMs, after what is pending", () => {
  const draws = [0, 0.5, 0.999_999];
  let drawn = 0;
  const random = (): number => draws[drawn++ % 3] as number;
  const { stream, clock } = setup({ a: 0 }, { maxAgeMs: 100_000, retryMs: 0 }, { random });
  const ends: number[] = [];
  // The age is the first draw of a connection, its retry line the second: in threes the ages come in this order.
  const ages = Array.from({ length: 6 }, () => {
    const { connection, pull, client } = followed(stream, { onClose: () => ends.push(clock.now()) });
    connection.onReadable(() => pull());
    return client;
  });
  clock.advance(79_999);
  expect(ends).toEqual([]);
  stream.set("a", 1);
  clock.advance(20_001);
  expect(ends).toHaveLength(6);
  expect(new Set(ends).size).toBe(3);
  expect(Math.floor(Math.min(...ends))).toBe(80_000);
  expect(Math.max(...ends)).toBe(100_000);
  for (const client of ages) {
    expect(client.events.at(-1)?.data).toMatchObject({ type: "state.end", reason: "max-age", retry: true });
    expect(client.state).toEqual({ a: 1 });
  }
});

test("without maxAgeMs no connection ends with time", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection, pull } = followed(stream);
  connection.onReadable(() => pull());
  clock.advance(3 * 3600 * 1000);
  expect(connection.closed).toBe(false);
});

test("an expiry is kept while other connections open and close", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection, pull } = followed(stream, { expiresAt: 40_000 });
  connection.onReadable(() => pull());
  for (let second = 0; second < 39; second++) {
    followed(stream, { expiresAt: 100 }).connection.close();
    clock.advance(1000);
  }
  expect(connection.closed).toBe(false);
  clock.advance(1000);
  expect(connection.closeReason).toBe("expired");
});

test("a writer that stops reading is cut off in time, also where heartbeats are rare", () => {
  const { stream, clock } = setup({ a: 0 }, { maxStallMs: 20_000, heartbeatMs: 600_000 });
  const { connection, pull } = follow(stream);
  pull(2);
  clock.advance(19_999);
  expect(connection.closed).toBe(false);
  clock.advance(1);
  expect(connection.closeReason).toBe("stalled");
});

test("a slow client may take as long as it needs for what its socket took at once, and one that reads nothing is closed", () => {
  const { stream, clock } = setup({ a: filler(10_000_000) }, { maxStallMs: 20_000 });
  const [slow, silent] = [follow(stream), follow(stream)];
  // The buffers of a socket take 2 MiB at once, then 1 MiB whenever so much has been read, at 10 KB/s.
  slow.pull(33);
  silent.pull(33);
  for (let round = 0; round < 3; round++) {
    clock.advance(104_858);
    stream.set("n", round);
    clock.flush();
    slow.pull(16);
    expect(slow.connection.closed).toBe(false);
  }
  clock.advance(20_000);
  expect(slow.connection.closed).toBe(false);
  expect(silent.connection.closeReason).toBe("stalled");
});
