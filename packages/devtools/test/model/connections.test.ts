import type { HeartbeatEvent, SnapshotReason, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import { beforeEach, expect, test, vi } from "vitest";
import { type Connections, createConnections } from "../../src/model/connections.ts";

let connections: Connections;

const common = { timestamp: 0, heartbeatMs: 5000 };
const snapshot = (seq: number, reason: SnapshotReason): StateInitialEvent => ({
  ...common,
  type: "state.initial",
  slices: {},
  reason,
  seq,
});
const heartbeat = (seq: number, head: number): HeartbeatEvent => ({ ...common, type: "heartbeat", seq, head });
const update = (seq: number): StateUpdateEvent => ({ type: "state.update", slice: "a", seq, base: 0, timestamp: 0 });

beforeEach(() => {
  connections = createConnections();
  connections.begin();
  connections.answered("koa");
});

function newest(): object | undefined {
  return connections.records()[0];
}

test("lists a snapshot with its reason and size", () => {
  connections.take(snapshot(7, "connect"), 120);
  connections.take(update(8), 20);
  expect(newest()).toMatchObject({ by: "koa", began: { how: "snapshot", reason: "connect", size: 120 } });
});

test("counts what a resumed connection had missed, and not what came after", () => {
  connections.take(heartbeat(4, 6), 50);
  connections.take(update(5), 20);
  connections.take(update(6), 30);
  connections.take(heartbeat(6, 6), 50);
  connections.take(update(7), 40);
  expect(newest()).toMatchObject({ began: { how: "resumed", events: 2, size: 50 } });
});

test("counts the events that snapshots took the place of", () => {
  connections.take(snapshot(0, "connect"), 120);
  connections.take(update(3), 20);
  connections.take(snapshot(50, "slow"), 120);
  connections.take(snapshot(60, "slow"), 120);
  expect(newest()).toMatchObject({ coalesced: 2, skipped: 57, began: { reason: "connect" } });
});

test("keeps a failure until the next attempt, and the last few attempts", () => {
  connections.failed("The server answered 502.");
  connections.begin();
  connections.take(heartbeat(0, 0), 50);
  // It had begun: its end is another matter.
  connections.failed("The connection broke.");
  expect(connections.records()).toMatchObject([
    { by: undefined, began: { how: "resumed", events: 0 } },
    { began: { how: "failed", message: "The server answered 502." } },
  ]);
  for (let more = 0; more < 100; more++) connections.begin();
  expect(connections.records()).toHaveLength(50);
});

test("lists which server answered, and how long after a lost connection the next one began", () => {
  vi.useFakeTimers();
  try {
    connections.take(snapshot(0, "connect"), 120);
    expect(newest()).toMatchObject({ afterMs: undefined });
    connections.failed("The connection broke.");
    vi.advanceTimersByTime(700);
    connections.begin();
    connections.failed("Refused.");
    vi.advanceTimersByTime(500);
    connections.begin();
    connections.answered("koa");
    connections.take(heartbeat(0, 0), 50);
    expect(newest()).toMatchObject({ by: "koa", afterMs: 1200 });
    // The next one was not lost, but chosen.
    connections.begin();
    connections.take(heartbeat(0, 0), 50);
    expect(newest()).toMatchObject({ afterMs: undefined });
    connections.take({ type: "state.end", reason: "draining", retry: true, timestamp: 0 }, 50);
    vi.advanceTimersByTime(300);
    connections.begin();
    connections.take(snapshot(0, "epoch"), 120);
    expect(newest()).toMatchObject({ afterMs: 300 });
  } finally {
    vi.useRealTimers();
  }
});
