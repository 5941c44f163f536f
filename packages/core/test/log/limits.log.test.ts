import { expect, test } from "vitest";
import { filler, follow, followed, setup } from "../support/streams.ts";

test("maxLogEvents bounds the log", () => {
  const { stream } = setup({ a: 0 }, { maxLogEvents: 5 });
  const { client } = followed(stream);
  for (let n = 1; n <= 20; n++) {
    stream.set("a", n);
    expect(stream.stats().logEvents).toBe(Math.min(n, 5));
  }
  expect(follow(stream, {}, client.bookmark).connection.resumed).toBe(false);
});

test("maxLogBytes bounds the log", () => {
  const { stream } = setup({ a: 0 }, { maxLogBytes: 5000 });
  for (let n = 1; n <= 50; n++) {
    stream.set("a", `${n} ${filler(950)}`);
    expect(stream.stats().logBytes).toBeLessThanOrEqual(5000);
  }
  expect(stream.stats().logEvents).toBe(4);
});

test("the newest commit stays whole until it has been flushed, whatever its size", () => {
  const { stream, clock } = setup({ a: 0, b: 0 }, { maxLogEvents: 0, maxLogBytes: 0 });
  const { client, pull } = followed(stream);
  stream.batch(() => {
    stream.set("a", filler(500));
    stream.set("b", filler(500));
  });
  expect(stream.stats().logEvents).toBe(2);
  clock.flush();
  expect(pull().map(({ type }) => type)).toEqual(["state.update", "state.update"]);
  stream.set("a", 1);
  expect(stream.stats().logEvents).toBe(1);
  pull();
  expect(client.state).toEqual({ a: 1, b: filler(500) });
});

test("after a heartbeat the newest commit goes too, if it is beyond the bounds", () => {
  const { stream, clock } = setup({ a: 0 }, { maxLogBytes: 100 });
  const { pull } = followed(stream);
  stream.set("a", filler(500));
  clock.flush();
  pull();
  clock.advance(15_000);
  expect(stream.stats()).toMatchObject({ logEvents: 0, logBytes: 0 });
});

test("names of removed slices are forgotten in time, and clients that had them stay correct", () => {
  const { stream } = setup({}, { maxLogEvents: 3 });
  const bookmarks = Array.from({ length: 10 }, (_, n) => {
    stream.set(`room-${n}`, n);
    const { client, connection } = followed(stream, { slices: [`room-${n}`] });
    connection.close();
    return client.bookmark;
  });
  for (let n = 0; n < 10; n++) stream.remove(`room-${n}`);
  for (const [n, bookmark] of bookmarks.entries()) {
    const { client } = followed(stream, { slices: [`room-${n}`] }, bookmark);
    expect(client.state).toEqual({});
  }
});

test("a slice that comes back after it was forgotten is sent as new", () => {
  const { stream } = setup({ a: { n: 1 } }, { maxLogEvents: 1 });
  const filtered = followed(stream, { slices: ["a", "z"] });
  const all = followed(stream);
  stream.remove("a");
  for (const name of ["x", "y"]) {
    stream.set(name, 1);
    stream.remove(name);
  }
  stream.set("a", { n: 2 });
  for (const { client, pull } of [filtered, all]) {
    pull();
    expect(client.state).toEqual({ a: { n: 2 } });
  }
});
