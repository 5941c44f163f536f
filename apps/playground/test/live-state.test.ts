import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveState } from "../public/live-state.js";

/** What the page sees of a browser's EventSource, with the server's part in the test's hands. */
class FakeEventSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static readonly made: FakeEventSource[] = [];
  readonly url: string;
  readyState = FakeEventSource.CONNECTING;
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;

  constructor(url: string) {
    super();
    this.url = url;
    FakeEventSource.made.push(this);
  }

  close(): void {
    this.readyState = FakeEventSource.CLOSED;
  }

  open(): void {
    this.readyState = FakeEventSource.OPEN;
    this.onopen?.();
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.();
  }

  send(event: { type: string; [member: string]: unknown }): void {
    this.dispatchEvent(new MessageEvent(event.type, { data: JSON.stringify(event), lastEventId: "id" }));
  }
}

const HEARTBEAT_MS = 1000;
const statuses: string[] = [];
const seen: Record<string, unknown> = Object.create(null);

function source(): FakeEventSource {
  const newest = FakeEventSource.made.at(-1);
  if (newest === undefined) throw new Error("Nothing was opened.");
  return newest;
}

function snapshot(seq: number, slices: Record<string, unknown>): void {
  source().send({ type: "state.initial", slices, seq, heartbeatMs: HEARTBEAT_MS });
}

function update(seq: number, base: number, what: Record<string, unknown>): void {
  source().send({ type: "state.update", slice: "a", seq, base, ...what });
}

function heartbeat(seq: number, head: number): void {
  source().send({ type: "heartbeat", seq, head, heartbeatMs: HEARTBEAT_MS });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeEventSource);
  FakeEventSource.made.length = 0;
  statuses.length = 0;
  for (const slice of Object.keys(seen)) delete seen[slice];
  const live = new LiveState("/events", {
    onStatus: (kind) => statuses.push(kind),
    onEvent: () => {},
    onSlice: (slice, value) => {
      seen[slice] = structuredClone(value);
    },
  });
  live.follow(["a", "b"]);
  source().open();
  snapshot(4, { a: { n: 0 }, b: 1 });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("follows patches, values and removals", () => {
  expect(source().url).toBe("/events?slices=a&slices=b");
  expect(seen).toEqual({ a: { n: 0 }, b: 1 });
  update(5, 3, { patches: [{ op: "replace", path: "/n", value: 1 }] });
  expect(seen.a).toEqual({ n: 1 });
  update(7, 5, { value: [] });
  expect(seen.a).toEqual([]);
  update(8, 7, { removed: true });
  expect(seen.a).toBeUndefined();
  update(9, 8, { value: 2 });
  expect(seen.a).toBe(2);
  expect(FakeEventSource.made).toHaveLength(1);
});

test("drops what it has, and forgets what a later snapshot does not show", () => {
  update(4, 2, { value: "old" });
  expect(seen.a).toEqual({ n: 0 });
  snapshot(6, { b: 2 });
  expect(seen).toEqual({ a: undefined, b: 2 });
});

test.each([
  ["an update builds on another", () => update(7, 6, { value: 1 })],
  ["a patch does not fit", () => update(5, 4, { patches: [{ op: "remove", path: "/nothing" }] })],
  ["a heartbeat tells of an event that never came", () => heartbeat(6, 5)],
  ["nothing is heard for too long", () => vi.advanceTimersByTime(HEARTBEAT_MS * 2.5)],
])("starts again from a snapshot when %s", (_, happen) => {
  happen();
  expect(FakeEventSource.made).toHaveLength(2);
  expect(FakeEventSource.made[0]?.readyState).toBe(FakeEventSource.CLOSED);
  expect(source().url).toBe("/events?slices=a&slices=b");
  expect(statuses.at(-1)).toBe("waiting");
});

test("goes on where the server resumes", () => {
  source().fail(FakeEventSource.CONNECTING);
  expect(statuses.at(-1)).toBe("waiting");
  source().open();
  heartbeat(4, 6);
  update(6, 4, { value: 3 });
  heartbeat(6, 6);
  vi.advanceTimersByTime(HEARTBEAT_MS);
  expect(seen.a).toBe(3);
  expect(statuses.at(-1)).toBe("live");
  expect(FakeEventSource.made).toHaveLength(1);
});

test("asks again where EventSource has given up, and stays away when told so", () => {
  source().fail(FakeEventSource.CLOSED);
  vi.advanceTimersByTime(3000);
  expect(FakeEventSource.made).toHaveLength(2);
  source().open();
  source().send({ type: "state.end", reason: "revoked", retry: false });
  expect(statuses.at(-1)).toBe("closed");
  vi.advanceTimersByTime(60_000);
  expect(FakeEventSource.made).toHaveLength(2);
});
