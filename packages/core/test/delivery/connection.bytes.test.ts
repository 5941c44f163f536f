import { expect, test } from "vitest";
import { chunksOf, collector, filler, follow, followed, setup } from "../support/streams.ts";

test("read gives what is pending before a flush has notified anybody", () => {
  const { stream } = setup({ a: 0 });
  const { pull } = followed(stream);
  stream.set("a", 1);
  expect(pull()).toHaveLength(1);
});

test("onReadable is called once between two reads, and never inside the mutator", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection, pull } = followed(stream);
  let notified = 0;
  connection.onReadable(() => notified++);
  stream.set("a", 1);
  expect(notified).toBe(0);
  clock.flush();
  expect(notified).toBe(1);
  stream.set("a", 2);
  clock.flush();
  expect(notified).toBe(1);
  pull();
  stream.set("a", 3);
  clock.flush();
  expect(notified).toBe(2);
});

test("a listener that is set late is notified of what is pending, in a later turn", () => {
  const { stream, clock } = setup({ a: 0 });
  const connection = stream.connect();
  let notified = 0;
  connection.onReadable(() => notified++);
  expect(notified).toBe(0);
  clock.flush();
  expect(notified).toBe(1);
});

test("a removed listener is not called; a later one replaces the earlier", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection } = followed(stream);
  const notified: string[] = [];
  const removeFirst = connection.onReadable(() => notified.push("first"));
  const removeSecond = connection.onReadable(() => notified.push("second"));
  removeFirst();
  stream.set("a", 1);
  clock.flush();
  expect(notified).toEqual(["second"]);
  connection.read();
  connection.read();
  removeSecond();
  stream.set("a", 2);
  clock.flush();
  expect(notified).toEqual(["second"]);
});

test("only audiences with a selected event are notified", () => {
  const { stream, clock } = setup({ a: 0, b: 0 });
  const { connection } = followed(stream, { slices: ["b"] });
  let notified = 0;
  connection.onReadable(() => notified++);
  stream.set("a", 1);
  clock.flush();
  expect(notified).toBe(0);
});

test("a change that is read before the flush causes no notification", () => {
  const { stream, clock } = setup({ a: 0 });
  const { connection, pull } = followed(stream);
  let notified = 0;
  connection.onReadable(() => notified++);
  stream.set("a", 1);
  pull();
  clock.flush();
  expect(notified).toBe(0);
});

test("a large chunk is handed over in parts of 64 KiB, most of which are bytes that all connections share", () => {
  const { stream } = setup({ a: filler(200_000) });
  const [, ...parts] = chunksOf(stream.connect());
  expect(parts.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, expect.any(Number)]);
  const [, ...others] = chunksOf(stream.connect({ slices: ["a"] }));
  for (const index of [1, 2]) expect(others[index]?.buffer).toBe(parts[index]?.buffer);
});

test("many small slices are handed over in parts of 64 KiB", () => {
  const { stream } = setup(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`slice-${n}`, filler(1000)])));
  const sizes = chunksOf(stream.connect()).map(({ length }) => length);
  expect(sizes.slice(1, -1).every((size) => size === 65_536)).toBe(true);
  expect(followed(stream).client.state).toEqual(stream.state);
});

test("a character is never broken by where a chunk is cut", () => {
  const { stream } = setup({ a: "\u{1f600}\u00e9".repeat(50_000), ["\u{1f600}\n"]: "\u2028\r\n\0" });
  const { client } = followed(stream);
  expect(client.state).toEqual(stream.state);
});

test("a listener that throws harms nobody else, and is reported", () => {
  const { errors, onError } = collector();
  const { stream, clock } = setup({ a: 0 }, { onError });
  const throwing = followed(stream);
  const { connection } = followed(stream);
  let notified = 0;
  throwing.connection.onReadable(() => {
    throw new Error("sentinel");
  });
  connection.onReadable(() => notified++);
  stream.set("a", 1);
  clock.flush();
  expect(notified).toBe(1);
  expect(errors).toMatchObject([{ code: "listener-failed" }]);
  throwing.pull();
  expect(throwing.client.state).toEqual({ a: 1 });
});

test("listeners may close, open and change: each connection is notified once", () => {
  const { stream, clock } = setup({ a: 0 });
  const [one, two] = [followed(stream), followed(stream)];
  const opened: ReturnType<typeof follow>[] = [];
  one.connection.onReadable(() => {
    one.pull();
    if (opened.length > 0) return;
    two.connection.close();
    const other = follow(stream);
    other.connection.onReadable(() => other.pull());
    opened.push(other);
    stream.set("a", 2);
  });
  stream.set("a", 1);
  clock.flush();
  expect(one.client.state).toEqual({ a: 2 });
  expect(two.connection.closed).toBe(true);
  expect(opened.map(({ client }) => client.state)).toEqual([{ a: 2 }]);
});

test("a closed connection gives nothing, whatever it still held", () => {
  const { stream, clock } = setup({ a: filler(200_000) });
  const { connection, pull } = follow(stream);
  pull(2);
  connection.close();
  stream.set("a", 1);
  clock.flush();
  expect(connection.read()).toBeUndefined();
  expect(connection.closeReason).toBe("disconnected");
});

test("a client that reads nothing costs no event, no byte and no message", () => {
  const { stream, clock } = setup({ a: 0 });
  const connection = stream.connect();
  for (let n = 1; n <= 500; n++) stream.set("a", n);
  clock.flush();
  expect(stream.stats().bytesWritten).toBe(0);
  const chunks = chunksOf(connection);
  expect(chunks).toHaveLength(2);
});
