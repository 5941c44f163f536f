import { expect, test, vi } from "vitest";
import type { CloseReason } from "../../src/index.ts";
import { chunksOf, collector, filler, follow, followed, setup, textOf, thrownBy } from "../support/streams.ts";

test("connections gives the open ones, with their context; a loop over it may end, close and open connections", () => {
  const { stream } = setup({ a: 0 });
  const ann = followed(stream, { context: "ann" });
  const bob = followed(stream, { context: "bob", onClose: () => void stream.connect({ context: "bob" }) });
  expect([...stream.connections].map(({ context }) => context)).toEqual(["ann", "bob"]);
  for (const connection of stream.connections) {
    if (connection.context === "ann") connection.end("revoked");
    else connection.close();
  }
  expect(ann.pull()).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);
  expect(ann.connection.read()).toBeUndefined();
  expect(bob.connection.closeReason).toBe("disconnected");
  expect([...stream.connections].map(({ context }) => context)).toEqual(["bob"]);
  const last = followed(stream, { context: "cy" });
  void stream.close();
  expect([...stream.connections]).toHaveLength(2);
  last.pull();
  expect([...stream.connections].map(({ context }) => context)).toEqual(["bob"]);
});

test("close closes the connection at once, since the client has left", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection } = followed(stream);
  stream.set("a", 1);
  connection.close();
  expect(connection.read()).toBeUndefined();
  expect(stream.stats()).toMatchObject({ connections: 0, closed: { disconnected: 1 } });
  clock.flush();
});

test.each(["draining", "closed", "max-age"] as const)("end(%j) sends what is pending, then state.end", (reason) => {
  const { stream, clock } = setup({ a: 0 });
  const { connection, client } = followed(stream);
  connection.onReadable(() => client.pull(connection));
  stream.set("a", 1);
  connection.end(reason);
  expect(connection.closed).toBe(false);
  clock.flush();
  expect(client.events.slice(1)).toMatchObject([
    { data: { slice: "a" } },
    { id: "testepoch00.1", data: { type: "state.end", reason, retry: true } },
  ]);
  expect(connection.closeReason).toBe(reason);
});

test.each(["expired", "revoked", "overloaded", "unavailable"] as const)(
  "end(%j) sends nothing that is pending",
  (reason) => {
    const { stream } = setup({ a: 0 });
    const { connection, pull, client } = followed(stream);
    stream.set("a", "sentinel");
    connection.end(reason);
    expect(pull()).toMatchObject([{ type: "state.end", reason, retry: reason !== "revoked" }]);
    expect(client.id).toBe("testepoch00.0");
  },
);

test("a connection that is revoked before the first read gives state.end alone, without an id", () => {
  const { stream } = setup({ a: "sentinel" });
  const { connection, pull, client } = follow(stream);
  connection.end("revoked");
  expect(pull()).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);
  expect(client.id).toBeUndefined();
});

test("the first ending stays, unless a later one forbids the client to see anything more", () => {
  const { stream } = setup({ a: 0 });
  const [one, two] = [followed(stream), followed(stream)];
  one.connection.end("draining");
  one.connection.end("max-age");
  two.connection.end("draining");
  stream.set("a", "sentinel");
  two.connection.end("revoked");
  expect(one.pull().at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
  expect(two.pull()).toMatchObject([{ type: "state.end", reason: "revoked" }]);
});

test("nothing is sent after expiresAt: no frame, and not what was pending", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection, client, pull } = followed(stream, { expiresAt: new Date(10_000) });
  connection.onReadable(() => pull());
  clock.advance(9999);
  expect(connection.closed).toBe(false);
  stream.set("a", "sentinel");
  clock.advance(1);
  expect(client.events.slice(1)).toMatchObject([{ data: { type: "state.end", reason: "expired", retry: true } }]);
  expect(connection.closeReason).toBe("expired");
});

test("expiresAt is checked at each read too, however late the timer is", () => {
  const { stream, clock } = setup({ a: 0 });
  const late = follow(stream, { expiresAt: 0 });
  expect(late.pull()).toMatchObject([{ type: "state.end", reason: "expired" }]);
  expect(clock.timers).toBe(0);
});

test("a chunk that is partly written when it expires is cut, without an end in the middle of an event", () => {
  const { stream, clock } = setup({ a: filler(200_000) + "sentinel" });
  const connection = stream.connect({ expiresAt: 1000 });
  connection.read();
  expect(connection.read()?.length).toBe(65_536);
  clock.advance(1000);
  expect(textOf(chunksOf(connection))).toBe("");
  expect(connection.closeReason).toBe("expired");
});

test("an invalid expiresAt throws", () => {
  const { stream } = setup({ a: 0 });
  for (const expiresAt of [Number.NaN, new Date("soon")]) {
    expect(thrownBy(() => stream.connect({ expiresAt }))).toMatchObject({ code: "invalid-option" });
  }
  expect(stream.stats().connections).toBe(0);
});

test("a signal closes the connection, at once", () => {
  const { stream } = setup({ a: 0 });
  const controller = new AbortController();
  const { connection, pull } = followed(stream, { signal: controller.signal });
  stream.set("a", 1);
  controller.abort();
  expect(connection.closeReason).toBe("disconnected");
  expect(pull()).toEqual([]);
});

test("a signal that was aborted before leaves nothing behind", () => {
  const { stream, clock } = setup({ a: 0 });
  const reasons: CloseReason[] = [];
  const { connection, pull } = follow(stream, {
    signal: AbortSignal.abort(),
    onClose: (reason) => reasons.push(reason),
  });
  expect(connection.closed).toBe(true);
  expect(pull()).toEqual([]);
  expect(reasons).toEqual(["disconnected"]);
  expect([stream.stats().connections, clock.timers]).toEqual([0, 0]);
});

test("a closed connection removes its listener from the signal", () => {
  const { stream } = setup({ a: 0 });
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, "addEventListener");
  const remove = vi.spyOn(signal, "removeEventListener");
  const { connection } = followed(stream, { signal });
  expect(remove).not.toHaveBeenCalled();
  connection.close();
  expect(remove.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
    add.mock.calls.map(([type, listener]) => [type, listener]),
  );
});

test("onClose is called once, with the reason, however it ended", async () => {
  const reasons: CloseReason[] = [];
  const onClose = (reason: CloseReason): number => reasons.push(reason);
  const { stream, clock } = setup({ a: 0 }, { maxStallMs: 1000, heartbeatMs: 100 });
  const left = followed(stream, { onClose }).connection;
  left.close();
  left.close();
  const stalled = stream.connect({ onClose });
  stalled.read();
  clock.advance(3000);
  const ended = followed(stream, { onClose });
  const closing = stream.close();
  ended.pull();
  ended.connection.end("revoked");
  await closing;
  expect(reasons).toEqual(["disconnected", "stalled", "closed"]);
});

test("an onClose that throws is reported, and harms nobody", () => {
  const { errors, onError } = collector();
  const { stream } = setup({ a: 0 }, { onError });
  const onClose = (): never => {
    throw new Error("no");
  };
  const { connection } = followed(stream, { onClose });
  const other = followed(stream);
  connection.close();
  expect(errors).toMatchObject([{ code: "listener-failed" }]);
  stream.set("a", 1);
  expect(other.pull()).toHaveLength(1);
});

test("context is kept", () => {
  const { stream } = setup({ a: 0 });
  const context = { user: 1 };
  expect(stream.connect({ context }).context).toBe(context);
  expect(stream.connect().context).toBeUndefined();
});

test("a snapshot that cannot be made closes the connection as unavailable, and no change comes without a state", () => {
  const errors: unknown[] = [];
  const { stream, clock } = setup({ a: "x".repeat(1000) }, { onError: (error) => errors.push(error) });
  const connection = stream.connect();
  const retry = connection.read();
  // The process has no memory for the snapshot's bytes.
  const encode = vi.spyOn(TextEncoder.prototype, "encode").mockImplementation(() => {
    throw new RangeError("Array buffer allocation failed");
  });
  const text = textOf([retry, connection.read()].filter((bytes) => bytes !== undefined));
  encode.mockRestore();
  stream.set("a", "x");
  clock.flush();
  expect(text).toMatch(/^retry: \d+\n$/);
  expect(connection.read()).toBeUndefined();
  expect(connection.closeReason).toBe("unavailable");
  expect(errors).toMatchObject([{ code: "not-serializable" }]);
});
