import { EventEmitter } from "node:events";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StateStreamError } from "../../src/support/errors.ts";
import type { Json } from "../../src/json/types.ts";
import { eventBusSource, type EventBusSourceOptions } from "../../src/state/event-bus.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { updatesOf } from "../support/read.ts";
import { errorOf } from "../support/values.ts";

interface Emitted {
  slice?: unknown;
  after?: unknown;
  causingAction?: unknown;
}

/** A runtime with a bus, streamed, and followed by one client. */
function runtime(state: Record<string, unknown>, options: Partial<EventBusSourceOptions<object>> = {}) {
  const bus = new EventEmitter();
  const clock = createTestClock();
  const onError = vi.fn<(error: StateStreamError) => void>();
  const source = eventBusSource<object>({ getState: () => state, bus, ...options });
  const stream = clock.createStateStream<object>({ source, onError });
  const connection = stream.connect();
  updatesOf(connection);
  return {
    bus,
    stream,
    onError,
    emit: (event: Emitted) => bus.emit("change", event),
    updates: () => updatesOf(connection),
  };
}

describe("eventBusSource", () => {
  test("sends what the state is, not what the event announces", () => {
    const state = { list: [1] };
    const { emit, updates } = runtime(state);
    state.list = [1, 2];
    emit({ slice: "list", after: ["a lie"] });
    expect(updates()).toStrictEqual([{ slice: "list", patches: [{ op: "add", path: "/1", value: 2 }] }]);
  });

  test("finds what was changed in place", () => {
    const state = { list: [1], other: {} };
    const { emit, updates } = runtime(state);
    for (const item of [2, 3]) {
      state.list.push(item);
      emit({ slice: "list", after: state.list });
      expect(updates()).toStrictEqual([{ slice: "list", patches: [{ op: "add", path: `/${item - 1}`, value: item }] }]);
    }
  });

  test("sends nothing for events that come late or out of order", () => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, stream, updates } = runtime(state);
    state["n"] = 2;
    emit({ slice: "n", after: 2 });
    emit({ slice: "n", after: 1 });
    expect(updates()).toStrictEqual([{ slice: "n", value: 2 }]);
    expect(stream.state).toStrictEqual({ n: 2 });
  });

  test("reads the state again when an event comes before its state", async () => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state);
    const causingAction = { type: "increment" };
    emit({ slice: "n", after: 1, causingAction });
    state["n"] = 1;
    expect(updates()).toStrictEqual([]);
    await Promise.resolve();
    expect(updates()).toStrictEqual([{ slice: "n", value: 1, cause: { type: "increment" } }]);
  });

  test("does not read again when the event announces what the state is", async () => {
    const state = { n: 1 };
    const getState = vi.fn<() => object>(() => state);
    const { emit } = runtime(state, { getState });
    getState.mockClear();
    emit({ slice: "n", after: 1 });
    emit({ slice: "n" });
    const asked = getState.mock.calls.length;
    await Promise.resolve();
    expect(getState).toHaveBeenCalledTimes(asked);
  });

  test("compares every slice when an event names none", () => {
    const state: Record<string, Json> = { a: 0, b: 0 };
    const { bus, updates } = runtime(state);
    for (const event of [undefined, null, "change", [], {}, { slice: 7 }]) {
      state["a"] = (state["a"] as number) + 1;
      bus.emit("change", event);
      expect(updates()).toStrictEqual([{ slice: "a", value: state["a"] }]);
    }
  });

  test("sends the removal of a slice, and nothing for names that a prototype has", () => {
    const state: Record<string, Json> = { a: 0 };
    const { emit, updates } = runtime(state);
    delete state["a"];
    emit({ slice: "a" });
    emit({ slice: "constructor" });
    emit({ slice: "__proto__" });
    expect(updates()).toStrictEqual([{ slice: "a", removed: true }]);
  });

  test.each([
    ["the default", undefined, { meta: { __ellie: { actionId: "e-1" } } }, "e-1"],
    ["the default, a number", undefined, { meta: { __ellie: { actionId: 0 } } }, 0],
    ["the default, of another kind", undefined, { meta: { __ellie: { actionId: {} } } }, undefined],
    ["the default, without", undefined, { meta: { __ellie: null } }, undefined],
    ["the default, as Redux's", undefined, { meta: { requestId: "r-1" } }, "r-1"],
    ["the configured one", (action: unknown) => (action as { uid: string }).uid, { uid: "u-1" }, "u-1"],
  ])("reads an action's id: %s", (_name, actionId, action, id) => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state, actionId && { actionId });
    state["n"] = 1;
    emit({ slice: "n", causingAction: { type: "t", payload: { password: "hunter2" }, ...action } });
    const cause = id === undefined ? { type: "t" } : { type: "t", id };
    expect(updates()).toStrictEqual([{ slice: "n", value: 1, cause }]);
  });

  test.each([undefined, null, "t", [], { type: 1 }, {}])("does not count %j as a cause", (causingAction) => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state);
    state["n"] = 1;
    emit({ slice: "n", causingAction });
    expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
  });

  test("listens to the configured event until the stream is closed", async () => {
    const state: Record<string, Json> = { n: 0 };
    const { bus, stream, updates } = runtime(state, { event: "moved" });
    state["n"] = 1;
    bus.emit("change", { slice: "n" });
    expect(updates()).toStrictEqual([]);
    bus.emit("moved", { slice: "n", after: "another" });
    expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
    void stream.close();
    state["n"] = 2;
    expect(bus.listenerCount("moved")).toBe(0);
    await Promise.resolve();
    expect(updates()).toStrictEqual([]);
  });

  test("keeps the error of getState from the emitter and the process, and continues once getState works", async () => {
    const state: Record<string, Json> = { n: 0 };
    let ill = false;
    const getState = () => {
      if (ill) throw new Error("ill");
      return state;
    };
    const { emit, onError, updates } = runtime(state, { getState });
    ill = true;
    state["n"] = 1;
    expect(() => emit({ slice: "n", after: 1 })).not.toThrow();
    await Promise.resolve();
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: "source-failed" }));
    expect(updates()).toStrictEqual([]);
    emit({ slice: "n", after: 1 });
    ill = false;
    await Promise.resolve();
    expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
  });

  test.each<[string, unknown]>([
    ["no options", undefined],
    ["an unknown option", { getState: () => ({}), bus: new EventEmitter(), events: "x" }],
    ["no getState", { bus: new EventEmitter() }],
    ["no bus", { getState: () => ({}) }],
    ["a bus without off", { getState: () => ({}), bus: { on: () => undefined } }],
  ])("refuses %s", (_name, options) => {
    expect(errorOf(() => eventBusSource(options as EventBusSourceOptions<object>)).code).toBe("invalid-option");
  });
});

describe("an event bus that announces changes before the state has them", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "queueMicrotask"] }));
  afterEach(() => void vi.useRealTimers());

  test.each([0, 1, 50, 900, 5000])("has the announced value sent when the state gets it %d ms later", (ms) => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, updates } = runtime(state);
    emit({ slice: "n", after: 1, causingAction: { type: "t" } });
    vi.advanceTimersByTime(ms);
    state["n"] = 1;
    expect(updates()).toStrictEqual([]);
    vi.advanceTimersByTime(12_000);
    expect(updates()).toStrictEqual([{ slice: "n", value: 1, cause: { type: "t" } }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("compares a copy in the event by its JSON, and reads no more once the state has it", () => {
    const state: Record<string, Json> = { list: [1] };
    const getState = vi.fn<() => object>(() => state);
    const { emit, updates } = runtime(state, { getState });
    emit({ slice: "list", after: [1, 2] });
    (state["list"] as Json[]).push(2);
    vi.advanceTimersByTime(0);
    expect(updates()).toStrictEqual([{ slice: "list", patches: [{ op: "add", path: "/1", value: 2 }] }]);
    const reads = getState.mock.calls.length;
    vi.advanceTimersByTime(60_000);
    expect(getState).toHaveBeenCalledTimes(reads);
  });

  test("sees the second of two values announced at once, though the state had it before", () => {
    const state: Record<string, Json> = { busy: false };
    const { emit, updates } = runtime(state);
    emit({ slice: "busy", after: true });
    emit({ slice: "busy", after: false });
    vi.advanceTimersByTime(5);
    state["busy"] = true;
    vi.advanceTimersByTime(10);
    state["busy"] = false;
    vi.advanceTimersByTime(12_000);
    expect(updates()).toStrictEqual([
      { slice: "busy", value: true },
      { slice: "busy", value: false },
    ]);
  });

  test("gives up on a value that the state never gets, and leaves no timer after the stream is closed", () => {
    const state: Record<string, Json> = { n: 0 };
    const { emit, stream, updates } = runtime(state);
    for (let after = 1; after <= 40; after++) emit({ slice: "n", after });
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
    emit({ slice: "n", after: 7 });
    vi.advanceTimersByTime(50);
    void stream.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(updates()).toStrictEqual([]);
  });

  test(
    "ends on the state's value, however early, late, doubled or out of order its announcements are",
    () => {
      const offset = fc.integer({ min: -2000, max: 2000 });
      const change = fc.record({ after: fc.nat(300), events: fc.array(offset, { minLength: 1, maxLength: 3 }) });
      checkProperty(
        fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), fc.boolean(), (changes, objects) => {
          const state: Record<string, Json> = { n: -1 };
          const { emit, stream } = runtime(state);
          const steps: { at: number; run: () => void }[] = [];
          let at = 2000;
          for (const [index, { after, events }] of changes.entries()) {
            at += after;
            const value = (): Json => (objects ? { index } : index);
            steps.push({ at, run: () => void (state["n"] = value()) });
            for (const ms of events) steps.push({ at: at + ms, run: () => void emit({ slice: "n", after: value() }) });
          }
          let now = 0;
          for (const step of steps.sort((a, b) => a.at - b.at)) {
            vi.advanceTimersByTime(step.at - now);
            now = step.at;
            step.run();
          }
          vi.advanceTimersByTime(12_000);
          expect(stream.state).toStrictEqual(state);
          void stream.close();
        }),
        300,
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

test("a getter of a change event that throws does not throw into the emitter, and loses no change", () => {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const state: Record<string, Json> = { n: 0 };
  const { bus, updates } = runtime(state);
  state["n"] = 1;
  const event = {
    get slice(): string {
      throw new Error("detached");
    },
  };
  expect(() => bus.emit("change", event)).not.toThrow();
  expect(updates()).toStrictEqual([{ slice: "n", value: 1 }]);
  expect(emitWarning).toHaveBeenCalledOnce();
  emitWarning.mockRestore();
});
