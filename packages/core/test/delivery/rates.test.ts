import { describe, expect, test } from "vitest";
import type { ConnectOptions, HeartbeatEvent, StateUpdateEvent } from "../../src/index.ts";
import { rateOf } from "../../src/delivery/rate.ts";
import { framesOf } from "../support/read.ts";
import { follow as connectTo, type Follower, setup, type Setup } from "../support/streams.ts";

/** A follower that reads whatever it is notified of, and when its updates came. */
function watch({ stream, clock }: Setup, options: ConnectOptions) {
  const follower = connectTo(stream, options);
  const updates: (readonly [ms: number, seq: number, base: number])[] = [];
  const beats: HeartbeatEvent[] = [];
  const read = (): void => {
    for (const event of follower.pull()) {
      if (event.type === "state.update") updates.push([clock.now(), event.seq, event.base]);
      if (event.type === "heartbeat") beats.push(event);
    }
  };
  follower.connection.onReadable(read);
  read();
  return { ...follower, updates, beats };
}

/** Sets n every so often. */
function tick({ stream, clock }: Setup, everyMs: number, times: number): void {
  for (let n = 1; n <= times; n++) {
    stream.set("n", (value: unknown) => (value as number) + 1);
    clock.flush();
    clock.advance(everyMs);
  }
}

describe("a rate", () => {
  test("is rounded down to one of seven, and is none outside of 0.5 to 1,000", () => {
    expect([0.5, 0.99, 1, 4.9, 5, 19, 49.9, 50, 60, 1000].map(rateOf)).toStrictEqual([0.5, 0.5, 1, 2, 5, 10, 20, 50, 50, 50]); // prettier-ignore
    for (const none of [0, 0.49, -1, NaN, Infinity, 1000.1, "2", undefined]) expect(rateOf(none)).toBeUndefined();
  });

  test("of a connection throws where it is none", () => {
    const { stream } = setup({ n: 0 });
    for (const maxRateHz of [0, -1, NaN, 0.4, 1001, "2"])
      expect(() => stream.connect({ maxRateHz: maxRateHz as number })).toThrow(/maxRateHz.*from 0.5 to 1,000/);
  });
});

describe("a client with a rate", () => {
  test("gets the first change at once, then net events at that rate, and the last change", () => {
    const made = setup({ n: 0 });
    const { updates, client } = watch(made, { maxRateHz: 2 });
    made.clock.advance(700);
    tick(made, 100, 12);
    made.clock.advance(1000);
    expect(updates).toStrictEqual([[700, 1, 0], [1500, 8, 1], [2000, 12, 8]]); // prettier-ignore
    expect(client.state).toStrictEqual({ n: 12 });
    made.clock.advance(5000);
    expect(updates).toHaveLength(3);
  });

  test("is never starved by constant change, and never flushed more often than its rate", () => {
    const made = setup({ n: 0 });
    const { updates } = watch(made, { maxRateHz: 10 });
    tick(made, 16, 625);
    const gaps = updates.slice(1).map(([at], index) => at - (updates[index]?.[0] ?? 0));
    expect(updates.length).toBeGreaterThan(90);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(99);
    expect(Math.max(...gaps)).toBeLessThan(220);
  });

  test("shares its bytes with the clients of its rate, and one timer with all of them", () => {
    const made = setup({ a: 0, b: 0 });
    const clients: Follower[] = [2.9, 2, 2.4].map((maxRateHz) => connectTo(made.stream, { maxRateHz }));
    const others = ["a", "b"].map((slice) => connectTo(made.stream, { maxRateHz: 2, slices: [slice] }));
    for (const { pull } of [...clients, ...others]) pull();
    const { timers } = made.clock;
    for (let n = 1; n <= 3; n++) {
      made.stream.batch(() => {
        made.stream.set("a", n);
        made.stream.set("b", n);
      });
      made.clock.flush();
      if (n === 1) for (const { pull } of [...clients, ...others]) pull();
    }
    expect(made.clock.timers).toBe(timers + 1);
    made.clock.advance(500);
    const [bytes, ...rest] = clients.map(({ connection }) => connection.read());
    expect(bytes).toBeDefined();
    for (const same of rest) expect(same).toBe(bytes);
  });

  test("gets no update by a heartbeat between two flushes, which keeps seq and head where they were", () => {
    const made = setup({ n: 0, other: 0 }, { heartbeatMs: 300 });
    const { updates, beats, client } = watch(made, { maxRateHz: 0.5, slices: ["n"] });
    made.stream.set("n", 1);
    made.clock.flush();
    made.stream.set("other", 1);
    made.stream.set("n", 2);
    made.clock.advance(1900);
    expect(updates).toStrictEqual([[0, 1, 0]]);
    expect(beats.length).toBe(6);
    for (const beat of beats) expect([beat.seq, beat.head]).toStrictEqual([1, 1]);
    made.clock.advance(200);
    expect(updates).toStrictEqual([[0, 1, 0], [2000, 3, 1]]); // prettier-ignore
    expect(client.state).toStrictEqual({ n: 2 });
  });

  test("can resume from a heartbeat between two flushes", () => {
    const made = setup({ n: 0 }, { heartbeatMs: 300 });
    const first = watch(made, { maxRateHz: 0.5 });
    tick(made, 0, 2);
    made.clock.advance(700);
    const second = watch(made, { maxRateHz: 0.5, lastEventId: first.client.id });
    expect(first.client.id).toBe("testepoch00.1");
    made.clock.advance(2000);
    expect(second.updates).toStrictEqual([[2000, 2, 1]]);
  });

  test("is sent a value that went back to what it was, so that the next event has its base", () => {
    const made = setup({ doc: { pad: "x".repeat(200), n: 1 } });
    const { updates, client } = watch(made, { maxRateHz: 2 });
    const put = (n: number) => made.stream.set("doc", { pad: "x".repeat(200), n });
    for (const n of [2, 1, 2, 1]) {
      put(n);
      made.clock.flush();
    }
    made.clock.advance(500);
    expect(updates).toStrictEqual([[0, 1, 0], [500, 4, 1]]); // prettier-ignore
    const last = client.events.at(-1)?.data as StateUpdateEvent;
    expect(last.patches).toStrictEqual([{ op: "replace", path: "/n", value: 1 }]);
  });

  test("has an end after its last change, whatever its rate", async () => {
    const made = setup({ n: 0 });
    const { client } = watch(made, { maxRateHz: 0.5 });
    tick(made, 10, 5);
    const closed = made.stream.close();
    made.clock.flush();
    await closed;
    expect(client.state).toStrictEqual({ n: 5 });
    expect(client.events.at(-1)?.data.type).toBe("state.end");
  });

  test("loses a slice that is hidden at once", () => {
    const { createStateStream, ...clock } = { ...setup({}).clock };
    const stream = createStateStream<Record<string, unknown>>({
      initialState: { show: ["show", "secret"], secret: 0 },
      slices: (state) => state["show"] as string[],
    });
    const { updates } = watch({ stream, clock: clock as Setup["clock"] }, { maxRateHz: 0.5 });
    stream.set("secret", 1);
    clock.flush();
    stream.set("secret", 2);
    stream.set("show", ["show"]);
    clock.flush();
    expect(updates.at(-1)?.[0]).toBe(0);
    expect(JSON.stringify(stream.state)).not.toContain('secret":');
  });

  test("gets text that grew as one append where it understands that, else as one replace", () => {
    const made = setup({ text: "" });
    const [append, strict] = [{ append: true }, {}].map((options) =>
      connectTo(made.stream, { ...options, maxRateHz: 1 }),
    );
    for (const { connection } of [append, strict] as Follower[]) framesOf(connection);
    for (let n = 1; n <= 4; n++) {
      made.stream.set("text", "word ".repeat(n));
      made.clock.flush();
      if (n === 1) for (const { connection } of [append, strict] as Follower[]) framesOf(connection);
    }
    made.clock.advance(1000);
    const [grown, replaced] = [append, strict].map((follower) => framesOf((follower as Follower).connection));
    expect(grown?.map(({ data }) => data)).toMatchObject([expect.stringContaining('"base":1,"patches":[{"op":"append","path":"","value":"word word word "}]')]); // prettier-ignore
    expect(replaced?.map(({ data }) => data)).toMatchObject([expect.stringContaining('"base":1,"value":"word word word word "')]); // prettier-ignore
  });
});
