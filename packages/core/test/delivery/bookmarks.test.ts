import { describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../src/index.ts";
import { beginEpoch } from "../../src/replication/log-start.ts";
import type { BaseStateStream } from "../../src/state/state-stream.ts";
import { framesOf } from "../support/read.ts";
import { follow, setup, type Setup } from "../support/streams.ts";

/** What comes after the first event, with the time at which it came. */
function watch({ stream, clock }: Setup, options: ConnectOptions) {
  const { connection } = follow(stream, options);
  framesOf(connection);
  const seen: (readonly [ms: number, event: string, id: string])[] = [];
  connection.onReadable(() => {
    for (const { event, id } of framesOf(connection))
      seen.push([clock.now(), event, id.split(".").slice(0, 2).join(".")]);
  });
  return { connection, seen };
}

describe("a client that asked for bookmarks", () => {
  test("is brought to the end of a commit that it does not see in full, within 250 ms and four times a second", () => {
    const made = setup({ a: 0, b: 0 });
    const { seen } = watch(made, { slices: ["a"], bookmarks: true });
    const other = watch(made, { slices: ["a"] });
    made.clock.advance(1000);
    made.stream.batch(() => {
      made.stream.set("a", 1);
      made.stream.set("b", 1);
    });
    made.clock.advance(0);
    expect(seen).toStrictEqual([[1000, "state.update", "testepoch00.1"], [1000, "heartbeat", "testepoch00.2"]]); // prettier-ignore
    for (let n = 2; n <= 21; n++) {
      made.stream.set("b", n);
      made.clock.advance(50);
    }
    made.clock.advance(2000);
    const beats = seen.slice(2).map(([at]) => at);
    expect(beats).toStrictEqual([1250, 1500, 1750, 2000]);
    expect(seen.at(-1)?.[2]).toBe("testepoch00.m");
    expect(other.seen.map(([, event]) => event)).toStrictEqual(["state.update"]);
  });

  test("gets none where its last event is the last of the log, and shares those that it gets", () => {
    const made = setup({ a: 0, b: 0 });
    const [first, second] = [1, 2].map(() => follow(made.stream, { slices: ["a"], bookmarks: true }).connection);
    for (const connection of [first, second]) framesOf(connection as NonNullable<typeof connection>);
    made.stream.set("a", 1);
    made.clock.advance(300);
    expect(first?.read()).toBe(second?.read());
    expect(first?.read()).toBeUndefined();
    made.stream.set("b", 1);
    made.clock.advance(300);
    const bytes = first?.read();
    expect(bytes).toBeDefined();
    expect(second?.read()).toStrictEqual(bytes);
  });

  test("that resumes is brought to the head at once, whether or not it selects anything on the way", () => {
    const made = setup({ a: 0, b: 0 });
    made.stream.set("a", 1);
    made.stream.set("b", 1);
    const id = framesOf(follow(made.stream, { slices: ["a"] }).connection)[0]?.id ?? "";
    for (const [from, ids] of [
      [0, ["0", "1", "2"]],
      [1, ["1", "2"]],
      [2, ["2"]],
    ] as const) {
      const lastEventId = id.replace(/\.\w\./, `.${from}.`);
      const { connection } = follow(made.stream, { slices: ["a"], bookmarks: true, lastEventId });
      expect(framesOf(connection).map((frame) => frame.id.split(".")[1])).toStrictEqual(ids);
      made.clock.advance(500);
      expect(framesOf(connection)).toStrictEqual([]);
    }
  });

  test("with a rate gets none for what its rate holds back", () => {
    const made = setup({ a: 0, b: 0 });
    const { seen } = watch(made, { slices: ["a"], bookmarks: true, maxRateHz: 1 });
    made.stream.set("a", 1);
    made.clock.advance(100);
    made.stream.set("a", 2);
    made.stream.set("b", 1);
    made.clock.advance(850);
    expect(seen.map(([, , id]) => id)).toStrictEqual(["testepoch00.1"]);
    made.clock.advance(500);
    expect(seen.map(([, , id]) => id)).toStrictEqual(["testepoch00.1", "testepoch00.2", "testepoch00.3"]);
  });

  test("is brought to the end of an epoch before it gets anything of the next", () => {
    const made = setup({ a: 0, b: 0 });
    const { log } = made.stream as unknown as BaseStateStream<object>;
    const { seen } = watch(made, { slices: ["a"], bookmarks: true });
    made.stream.set("a", 1);
    made.stream.set("b", 1);
    beginEpoch(log, "otherepoch0");
    made.stream.set("a", 2);
    made.clock.flush();
    expect(seen.map(([, event, id]) => [event, id])).toStrictEqual([
      ["state.update", "testepoch00.1"],
      ["heartbeat", "testepoch00.2"],
      ["state.update", "otherepoch0.3"],
    ]);
    made.stream.set("b", 2);
    beginEpoch(log, "thirdepoch0");
    made.stream.set("b", 3);
    made.clock.advance(1000);
    expect(seen.slice(3).map(([, event, id]) => [event, id])).toStrictEqual([
      ["heartbeat", "otherepoch0.4"],
      ["heartbeat", "thirdepoch0.5"],
    ]);
  });
});
