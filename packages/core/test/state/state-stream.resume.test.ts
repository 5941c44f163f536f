import { expect, test } from "vitest";
import { follow, followed, setup } from "../support/streams.ts";

test("a client that resumes at the head gets a heartbeat with its position, and nothing else", () => {
  const { stream } = setup({ a: 1 });
  stream.set("a", 2);
  const { client } = followed(stream);
  const back = follow(stream, {}, client.bookmark);
  expect(back.connection.resumed).toBe(true);
  expect(back.pull()).toMatchObject([{ type: "heartbeat", seq: 1, head: 1 }]);
  stream.set("a", 3);
  expect(back.pull()).toMatchObject([{ seq: 2, base: 1 }]);
});

test("a client that resumes behind the head gets what it missed, and only that", () => {
  const { stream } = setup({ a: 0, b: 0 });
  const { client } = followed(stream);
  stream.set("a", 1);
  stream.set("b", 2);
  const { client: again, pull } = follow(stream, {}, client.bookmark);
  expect(pull()).toMatchObject([{ type: "heartbeat", seq: 0, head: 2 }, { slice: "a" }, { slice: "b" }]);
  expect(again.state).toEqual({ a: 1, b: 2 });
  expect(stream.stats().snapshots).toEqual({ connect: 1 });
});

test("a client that resumes in the middle of a commit gets the rest of it", () => {
  const { stream, clock } = setup({ a: 0, b: 0, c: 0 });
  const { connection, client } = followed(stream);
  stream.batch(() => {
    for (const slice of ["a", "b", "c"]) stream.set(slice, 1);
  });
  clock.flush();
  const bytes = connection.read() as Uint8Array;
  const second = new TextDecoder().decode(bytes).split("\n\n")[0] as string;
  // The first frame whole, the second cut in the middle.
  client.feed(bytes.subarray(0, second.length + 20));
  connection.close();
  expect(client.state).toEqual({ a: 1, b: 0, c: 0 });
  const back = follow(stream, {}, client.bookmark);
  expect(back.pull()).toMatchObject([
    { type: "heartbeat", seq: 1 },
    { slice: "b", more: true },
    { slice: "c", seq: 3 },
  ]);
  expect(back.client.state).toEqual({ a: 1, b: 1, c: 1 });
});

test("a filtered client of a quiet slice resumes on a busy stream without a snapshot", () => {
  const { stream } = setup({ quiet: 1, busy: 0 }, { maxLogEvents: 10 });
  const { client, connection } = followed(stream, { slices: ["quiet"] });
  connection.close();
  for (let n = 1; n <= 100; n++) stream.set("busy", n);
  const back = follow(stream, { slices: ["quiet"] }, client.bookmark);
  expect(back.pull()).toMatchObject([{ type: "heartbeat", seq: 0, head: 0 }]);
  expect(back.connection.resumed).toBe(true);
  stream.set("quiet", 2);
  expect(back.pull()).toMatchObject([{ slice: "quiet", base: 0 }]);
});

test("a heartbeat keeps the cursor of a filtered client fresh", () => {
  const { stream, clock } = setup({ quiet: 1, busy: 0 });
  const { client, pull } = followed(stream, { slices: ["quiet"] });
  for (let n = 1; n <= 40; n++) stream.set("busy", n);
  clock.advance(15_000);
  expect(pull()).toMatchObject([{ type: "heartbeat", seq: 40, head: 0 }]);
  expect(client.id).toMatch(/^testepoch00\.14\./);
});

test("a slice removed while a client was away is removed there even when the log forgot the slice", () => {
  const { stream } = setup({ a: 1, b: 1, c: 1 }, { maxLogEvents: 1 });
  const { client, connection } = followed(stream, { slices: ["a"] });
  connection.close();
  stream.remove("a");
  stream.remove("b");
  stream.remove("c");
  const back = followed(stream, { slices: ["a"] }, client.bookmark);
  expect(back.client.state).toEqual({});
});

test("a connection gets a removal that its log forgets at once", () => {
  const { stream, clock } = setup({ a: 1 }, { maxLogEvents: 0 });
  const { client, pull } = followed(stream, { slices: ["a"] });
  stream.remove("a");
  clock.flush();
  pull();
  expect(client.state).toEqual({});
});

test("a removed slice that comes back is a value, at any base", () => {
  const { stream } = setup({ a: { n: 1 } }, { maxLogEvents: 2 });
  const { client, pull } = followed(stream);
  stream.remove("a");
  pull();
  stream.set("a", { n: 2 });
  expect(pull()).toMatchObject([{ slice: "a", value: { n: 2 } }]);
  expect(client.state).toEqual({ a: { n: 2 } });
});

test("a client that resumes with fewer or more slices has another selection", () => {
  const { stream } = setup({ a: 1, b: 1 });
  const { client } = followed(stream, { slices: ["a"] });
  for (const slices of [undefined, ["a", "b"], []]) {
    const back = follow(stream, { slices }, client.bookmark);
    expect(back.connection.resumed).toBe(false);
    expect(back.pull()).toMatchObject([{ type: "state.initial", reason: "selection" }]);
  }
  expect(follow(stream, { slices: ["a", "a"] }, client.bookmark).connection.resumed).toBe(true);
});
