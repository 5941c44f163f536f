import { expect, test } from "vitest";
import { chunksOf, filler, followed, setup, textOf } from "../support/streams.ts";

test("a burst in one tick is one chunk", () => {
  const { stream, clock } = setup({ a: 0, b: 0 });
  const { connection, client } = followed(stream);
  let notified = 0;
  connection.onReadable(() => notified++);
  for (let n = 1; n <= 50; n++) stream.set(n % 2 ? "a" : "b", n);
  clock.flush();
  expect(notified).toBe(1);
  const chunks = chunksOf(connection);
  expect(chunks).toHaveLength(1);
  client.feed(chunks[0] as Uint8Array);
  expect(client.events.slice(1)).toHaveLength(50);
});

test("snapshots, ranges and heartbeats are the same object for all connections of a selection", () => {
  const { stream, clock } = setup({ a: 0, b: 0 });
  const connect = () => [stream.connect(), stream.connect(), stream.connect({ slices: ["a", "b"] })];
  const filtered = [stream.connect({ slices: ["b", "a", "b"] }), stream.connect({ slices: ["a", "b"] })];
  const all = connect().slice(0, 2);
  const read = () => [all, filtered].map((group) => group.map((connection) => chunksOf(connection).at(-1)));
  const expectShared = (): void => {
    for (const [one, other] of read()) {
      expect(one).toBeInstanceOf(Uint8Array);
      expect(other).toBe(one);
    }
  };
  expectShared();
  stream.set("a", 1);
  stream.set("b", 2);
  clock.flush();
  expectShared();
  clock.advance(15_000);
  expectShared();
});

test("connections that keep up from different positions share the range too", () => {
  const { stream, clock } = setup({ a: 0, other: 0 });
  const early = followed(stream, { slices: ["a"] });
  stream.set("other", 1);
  const late = followed(stream, { slices: ["a"] });
  stream.set("a", 1);
  clock.flush();
  const [one] = chunksOf(early.connection);
  expect(chunksOf(late.connection)[0]).toBe(one);
});

test("a snapshot is used again while what was added since costs less than a quarter of it", () => {
  const { stream } = setup({ big: "x".repeat(4000), rows: [] as number[] });
  const add = (row: number) => stream.set("rows", [...(stream.state["rows"] as number[]), row]);
  const first = chunksOf(stream.connect())[1];
  add(1);
  const [, snapshot, since] = chunksOf(stream.connect());
  expect(snapshot).toBe(first);
  expect(since?.length).toBeGreaterThan(0);
  for (let n = 2; n < 22; n++) add(n);
  const fresh = chunksOf(stream.connect());
  expect(fresh).toHaveLength(2);
  expect(fresh[1]).not.toBe(first);
});

test("a new client is not given a text that was redacted since the last snapshot", () => {
  const { stream } = setup({ big: filler(4000), doc: { text: "sentinel" } });
  chunksOf(stream.connect());
  stream.set("doc", { text: "***" });
  expect(textOf(chunksOf(stream.connect()))).not.toContain("sentinel");
});

test("a new client is not given a slice that was hidden and removed in one commit", () => {
  const { stream } = setup(
    { big: filler(4000), open: true, secret: "sentinel" },
    { slices: ({ open }) => (open === true ? ["big", "open", "secret"] : ["big", "open"]) },
  );
  const id = followed(stream).client.id;
  chunksOf(stream.connect());
  stream.set("secret", "sentinel, changed");
  stream.batch(() => {
    stream.set("open", false);
    stream.remove("secret");
  });
  expect(textOf(chunksOf(stream.connect()))).not.toContain("sentinel");
  expect(textOf(chunksOf(stream.connect({ lastEventId: id })))).not.toContain("sentinel");
});

test("a snapshot that nobody needed between two heartbeats is released", () => {
  const { stream, clock } = setup({ big: "x".repeat(4000) });
  const stays = followed(stream);
  const first = chunksOf(stream.connect())[1];
  for (let beat = 0; beat < 3; beat++) {
    clock.advance(15_000);
    stays.pull();
  }
  expect(chunksOf(stream.connect())[1]).not.toBe(first);
});

test("`more` depends on what the connection selects", () => {
  const { stream } = setup({ a: 0, b: 0, c: 0 });
  const followers = [undefined, ["a", "b"], ["a"], ["b", "c"]].map((slices) => followed(stream, { slices }));
  stream.batch(() => {
    for (const slice of ["a", "b", "c"]) stream.set(slice, 1);
  });
  stream.set("a", 2);
  const more = followers.map(({ pull }) => pull().map((event) => "more" in event));
  expect(more).toEqual([
    [true, true, false, false],
    [true, false, false],
    [false, false],
    [true, false],
  ]);
});

test("event IDs carry the hash of the selection where the connection selects slices, and no hash elsewhere", () => {
  const { stream } = setup({ a: 0 });
  expect(followed(stream).client.id).toBe("testepoch00.0");
  const { id } = followed(stream, { slices: ["a"] }).client;
  expect(id).toMatch(/^testepoch00\.0\.[\w-]{8}$/);
  expect(followed(stream, { slices: ["a", "a"] }).client.id).toBe(id);
  expect(followed(stream, { slices: [] }).client.id).not.toBe(id);
});
