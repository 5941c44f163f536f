import { expect, test } from "vitest";
import type { Connection, ConnectionEvent, StateEvent } from "../../src/index.ts";
import { filler, setup, thrownBy } from "../support/streams.ts";

function iterate(connection: Connection): AsyncIterator<ConnectionEvent> {
  return connection[Symbol.asyncIterator]();
}

/** The next event, with its data parsed. */
async function next(events: AsyncIterator<ConnectionEvent>): Promise<{ data: StateEvent }> {
  const { value } = (await events.next()) as { value: ConnectionEvent };
  return { ...value, data: JSON.parse(value.data) as StateEvent };
}

/** Lets what is awaited happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test("each event is the fields of a Server-Sent Event: id, name, and JSON text", async () => {
  const { stream } = setup({ a: 0 });
  const events = iterate(stream.connect());
  expect(await events.next()).toStrictEqual({
    done: false,
    value: {
      id: "testepoch00.0",
      event: "state.initial",
      data: '{"type":"state.initial","slices":{"a":0},"reason":"connect","seq":0,"heartbeatMs":15000,"timestamp":0}',
    },
  });
  stream.set("a", 1);
  expect(await next(events)).toMatchObject({
    id: "testepoch00.1",
    event: "state.update",
    data: { slice: "a", value: 1, seq: 1 },
  });
});

test("a pending next is answered when something happens", async () => {
  const { stream, clock } = setup({ a: 0 });
  const events = iterate(stream.connect());
  await events.next();
  const pending = events.next();
  await settle();
  stream.set("a", 1);
  clock.flush();
  expect((await pending).value).toMatchObject({ event: "state.update" });
  const beat = events.next();
  await settle();
  clock.advance(15_000);
  expect((await beat).value).toMatchObject({ event: "heartbeat", id: "testepoch00.1" });
});

test("a second consumer throws", () => {
  const { stream } = setup({ a: 0 });
  const connection = stream.connect();
  iterate(connection);
  expect(thrownBy(() => iterate(connection))).toMatchObject({ code: "invalid-option" });
});

test("return closes the connection at once and releases a pending next", async () => {
  const { stream, clock } = setup({ a: 0 });
  const connection = stream.connect();
  const events = iterate(connection);
  await events.next();
  const pending = events.next();
  await settle();
  const returned = events.return?.();
  expect(connection.closeReason).toBe("disconnected");
  expect(clock.timers).toBe(0);
  expect(await pending).toEqual({ done: true, value: undefined });
  expect(await returned).toEqual({ done: true, value: undefined });
});

test("leaving the loop closes the connection", async () => {
  const { stream } = setup({ a: 0 });
  const connection = stream.connect();
  for await (const { event } of connection) {
    expect(event).toBe("state.initial");
    break;
  }
  expect(connection.closeReason).toBe("disconnected");
  expect(stream.stats().connections).toBe(0);
});

test("the iterator is done after state.end", async () => {
  const { stream } = setup({ a: 0 });
  const connection = stream.connect();
  const seen: string[] = [];
  stream.set("a", 1);
  for await (const { event } of connection) {
    seen.push(event);
    if (event === "state.initial") {
      stream.set("a", 2);
      void stream.close({ reason: "draining" });
    }
  }
  expect(seen).toEqual(["state.initial", "state.update", "state.end"]);
  expect(connection.closeReason).toBe("draining");
});

test("closing the connection elsewhere ends the loop", async () => {
  const { stream } = setup({ a: 0 });
  const connection = stream.connect();
  const events = iterate(connection);
  await events.next();
  const pending = events.next();
  await settle();
  connection.close();
  expect(await pending).toEqual({ done: true, value: undefined });
});

test("a slow consumer gets one snapshot, then the changes after it", async () => {
  const { stream, clock } = setup({ n: 0, text: filler(1000) });
  const events = iterate(stream.connect());
  await events.next();
  for (let n = 1; n <= 5000; n++) {
    stream.set("n", n);
    clock.flush();
  }
  expect(await next(events)).toMatchObject({
    event: "state.initial",
    data: { reason: "slow", slices: { n: 5000 } },
  });
  stream.set("n", 5001);
  expect((await events.next()).value).toMatchObject({ event: "state.update" });
});

test("a consumer that takes no event for maxStallMs is closed, and its loop ends", async () => {
  const { stream, clock } = setup({ n: 0 }, { maxStallMs: 30_000 });
  const connection = stream.connect();
  const events = iterate(connection);
  await events.next();
  clock.advance(29_999);
  expect(connection.closed).toBe(false);
  clock.advance(15_000);
  expect(connection.closeReason).toBe("stalled");
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test("after it expired, not even events of a chunk that was begun are given", async () => {
  const { stream, clock } = setup({ n: 0 });
  const connection = stream.connect({ expiresAt: 1000 });
  const events = iterate(connection);
  await events.next();
  for (let n = 1; n <= 10; n++) stream.set("n", n);
  expect(await next(events)).toMatchObject({ data: { seq: 1 } });
  clock.advance(1000);
  const rest: string[] = [];
  for (let next = await events.next(); next.done !== true; next = await events.next()) rest.push(next.value.event);
  expect(rest.filter((event) => event !== "state.end")).toEqual([]);
  expect(connection.closeReason).toBe("expired");
});

test("it gives no retry line, and the same events to all connections of a selection", async () => {
  const { stream } = setup({ a: 0 });
  const [one, two] = [iterate(stream.connect()), iterate(stream.connect())];
  const first = (await one.next()).value as ConnectionEvent;
  expect((await two.next()).value).toBe(first);
  expect(first.event).toBe("state.initial");
});

test("a stream that refuses everybody gives state.end alone", async () => {
  const { stream } = setup({ a: 0 });
  void stream.close({ retry: false });
  const seen: ConnectionEvent[] = [];
  for await (const event of stream.connect()) seen.push(event);
  expect(seen).toMatchObject([{ id: "", event: "state.end" }]);
  expect(JSON.parse(seen[0]?.data ?? "")).toMatchObject({ reason: "closed", retry: false });
});

test("retryMs is what the retry line says, drawn once", () => {
  const { stream } = setup({ a: 0 });
  const connection = stream.connect();
  const { retryMs } = connection;
  expect(new TextDecoder().decode(connection.read())).toBe(`retry: ${retryMs}\n`);
  expect(connection.retryMs).toBe(retryMs);
  connection.close();
});
