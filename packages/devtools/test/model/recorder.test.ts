import type { OnEvent, StreamStatus } from "@statestream/client";
import { StateClientError } from "@statestream/client";
import type { StateEvent } from "@statestream/core";
import { expect, test } from "vitest";
import { createRecorder, type InspectedClient } from "../../src/model/recorder.ts";

const LIVE: StreamStatus = {
  status: "live",
  since: 0,
  attempt: 0,
  resumed: false,
  eventId: "e.1",
  error: undefined,
  bytes: 1000,
};

/** A client that does what the test says. */
function puppet(initial: StreamStatus) {
  let status = initial;
  let state: object | undefined;
  const events = new Set<OnEvent>();
  const listeners = new Set<() => void>();
  const client: InspectedClient = {
    getState: () => state,
    getStatus: () => status,
    subscribe: (fn) => (listeners.add(fn), () => void listeners.delete(fn)),
    observe: (fn) => (events.add(fn), () => void events.delete(fn)),
  };
  const become = (change: Partial<StreamStatus>): void => {
    status = { ...status, ...change };
    for (const fn of listeners) fn();
  };
  const receive = (event: StateEvent, after: object, bytes = 100): void => {
    state = after;
    status = { ...status, bytes: status.bytes + bytes };
    for (const fn of events) fn(event, { id: "e.2", bytes });
  };
  return { client, listeners: () => events.size + listeners.size, become, receive };
}

const update = (slice: string, more: object = { value: 1 }): StateEvent => ({
  type: "state.update",
  slice,
  seq: 2,
  base: 1,
  timestamp: 5,
  ...more,
});

test("a client that was live before is shown as joined, and its bytes count from then on", () => {
  const { client, receive } = puppet(LIVE);
  const recorder = createRecorder(client, () => {});
  receive(update("a"), { a: 1 }, 150);
  expect(recorder.read()).toMatchObject({
    connections: [{ began: { how: "joined" } }],
    receivedBytes: 150,
    totalEvents: 1,
  });
});

test("a lost connection, a failed attempt and the one that works are three entries with their reasons", () => {
  const { client, become, receive } = puppet(LIVE);
  const recorder = createRecorder(client, () => {});
  const error = new StateClientError("http", "The server answered 502.");
  become({ status: "stale", error: new StateClientError("network", "The connection failed.") });
  become({ attempt: 1 });
  become({ error });
  become({ attempt: 2 });
  receive({ type: "heartbeat", seq: 1, head: 1, heartbeatMs: 1000, timestamp: 0 }, {});
  expect(recorder.read().connections).toMatchObject([
    { began: { how: "resumed" } },
    { began: { how: "failed", message: "The server answered 502." } },
    { began: { how: "joined" } },
  ]);
});

test("slices show what changed in them last, those that are gone too", () => {
  const { client, receive } = puppet(LIVE);
  const recorder = createRecorder(client, () => {});
  const patches = ["/0", "/1", "/2", "/3", "/3"].map((path) => ({ op: "add" as const, path, value: 1 }));
  receive(update("a", { patches }), { a: [], b: 1 });
  receive(update("gone", { removed: true }), { a: [], b: 1 });
  expect(recorder.read().slices).toMatchObject([
    { name: "a", isPresent: true, changes: 1, touched: "add /0, add /1, add /2 and 1 more" },
    { name: "b", isPresent: true, changes: 0, touched: "" },
    { name: "gone", isPresent: false, changes: 1, touched: "removed" },
  ]);
});

test("states are kept for the last 200 events, so that a page that runs for days does not grow", () => {
  const { client, receive } = puppet(LIVE);
  const recorder = createRecorder(client, () => {});
  for (let n = 0; n < 3000; n++) receive(update("a"), { a: n });
  const { entries } = recorder.read();
  expect(entries.length).toBeLessThanOrEqual(1200);
  const kept = entries.filter(({ state }) => state !== undefined);
  expect(kept).toHaveLength(200);
  expect(kept.at(-1)?.state).toEqual({ a: 2999 });
});

test("large changes are kept through fewer states", () => {
  const { client, receive } = puppet(LIVE);
  const recorder = createRecorder(client, () => {});
  for (let n = 0; n < 20; n++) receive(update("a"), { a: n }, 1_000_000);
  expect(recorder.read().entries.filter(({ state }) => state !== undefined)).toHaveLength(4);
});

test("stopping leaves nothing at the client", () => {
  const { client, listeners } = puppet(LIVE);
  const recorder = createRecorder(client, () => {});
  recorder.stop();
  expect(listeners()).toBe(0);
});
