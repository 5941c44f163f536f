import type { StateEvent } from "@statestream/core";
import { expect, test } from "vitest";
import { createEventLog, type EventLog, rowsOf } from "../../src/model/event-log.ts";

function update(slice: string, type: string, value: string = ""): StateEvent {
  return { type: "state.update", slice, seq: 1, base: 0, value, cause: { type }, timestamp: 0 };
}

const heartbeat: StateEvent = { type: "heartbeat", seq: 1, head: 1, heartbeatMs: 5000, timestamp: 0 };

function logOf(...events: StateEvent[]): EventLog {
  const log = createEventLog();
  for (const event of events) log.add(event, "id", 10);
  return log;
}

/** Each row as its oldest key and its count. */
function rows(log: EventLog, shown: string, grouped: boolean, max = 10): [number, number, number][] {
  return rowsOf(log.entries(), shown, grouped, max).map(({ first, count, size }) => [first, count, size]);
}

test("shows the newest first, and neighbours of one kind in one row", () => {
  const log = logOf(update("a", "x"), update("a", "x"), update("a", "y"), update("b", "y"), heartbeat, heartbeat);
  expect(rows(log, "everything", true)).toEqual([
    [5, 1, 10],
    [4, 1, 10],
    [3, 1, 10],
    [2, 1, 10],
    [0, 2, 20],
  ]);
  expect(rows(log, "everything", false)).toHaveLength(6);
  // A row that grows stays the same row.
  log.add(heartbeat, "id", 10);
  expect(rows(log, "a", true)).toEqual([
    [2, 1, 10],
    [0, 2, 20],
  ]);
});

test("the last row that has a place is whole", () => {
  const log = logOf(update("a", "x"), update("b", "x"), update("b", "x"), update("b", "x"));
  expect(rows(log, "everything", true, 1)).toEqual([[1, 3, 30]]);
});

test("shows one slice with the snapshots, or heartbeats alone", () => {
  const initial: StateEvent = {
    type: "state.initial",
    slices: { a: 1 },
    reason: "connect",
    seq: 0,
    heartbeatMs: 5000,
    timestamp: 0,
  };
  const log = logOf(initial, update("a", "x"), heartbeat, update("b", "x"));
  expect(rows(log, "b", true).map(([first]) => first)).toEqual([3, 0]);
  expect(rows(log, "heartbeats", true).map(([first]) => first)).toEqual([2]);
});

test("forgets the oldest events, and what large ones carried", () => {
  const log = createEventLog();
  for (let index = 0; index < 5000; index++) log.add(heartbeat, undefined, 10);
  expect(log.total).toBe(5000);
  expect(log.entries().length).toBeLessThan(1300);
  expect(log.entries().at(-1)?.key).toBe(4999);

  log.add(update("a", "x", "long"), "id", 60_000);
  const large = log.entries().at(-1);
  expect(large).toMatchObject({ isHollow: true, size: 60_000, event: { slice: "a", cause: { type: "x" } } });
  expect(large?.event).not.toHaveProperty("value");
});

test("gives the same array until something is added", () => {
  const log = logOf(heartbeat);
  const before = log.entries();
  expect(log.entries()).toBe(before);
  log.add(heartbeat, undefined, 10);
  expect(before).toHaveLength(1);
  expect(log.entries()).toHaveLength(2);
});
