import { expect, test } from "vitest";
import { createTestClock } from "../../src/state/testing.ts";
import { followed } from "../support/streams.ts";

test("nothing happens that the test did not start", () => {
  const clock = createTestClock({ now: 5000, epoch: "anotherone0", random: () => 0.5 });
  const stream = clock.createStateStream({ initialState: { a: 0 }, retryMs: 1000 });
  expect(clock.now()).toBe(5000);
  const { connection, client, pull } = followed(stream);
  expect(client.retryMs).toBe(1500);
  expect(client.id).toBe("anotherone0.0");
  connection.onReadable(() => pull());
  stream.set("a", 1);
  expect(client.state).toEqual({ a: 0 });
  clock.flush();
  expect(client.state).toEqual({ a: 1 });
});

test("advance runs timers in order, at their time", () => {
  const clock = createTestClock();
  const stream = clock.createStateStream({ initialState: { a: 0 }, heartbeatMs: 400 });
  const { connection, client, pull } = followed(stream);
  connection.onReadable(() => pull());
  clock.advance(1000);
  expect(clock.now()).toBe(1000);
  const stamps = client.events.slice(1).map(({ data }) => data.timestamp);
  expect(stamps).toEqual([400, 800]);
  expect(clock.timers).toBe(1);
});

test("streams of one clock share its time, and nothing else", () => {
  const clock = createTestClock();
  const [one, two] = [1, 2].map((a) => clock.createStateStream({ initialState: { a } }));
  one?.set("a", 5);
  expect([one?.state, two?.state]).toEqual([{ a: 5 }, { a: 2 }]);
});

test("work that never ends is reported", () => {
  const clock = createTestClock();
  const stream = clock.createStateStream({ initialState: { n: 0 } });
  const { connection, pull } = followed(stream);
  connection.onReadable(() => {
    pull();
    stream.set("n", (n) => n + 1);
  });
  stream.set("n", 1);
  expect(() => clock.flush()).toThrow("10000 turns");
});
