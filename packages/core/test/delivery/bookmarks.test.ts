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
});

describe("where epochs ended that no event named", () => {
  const epochs = ["secondepoch", "thirdepoch0", "fourthepoch"];
  /** Each epoch after the first has one event of `b`; then `a` changes in the last. */
  function alternate(made: Setup): void {
    const { log } = made.stream as unknown as BaseStateStream<object>;
    made.stream.set("b", 0.5);
    for (const [n, epoch] of epochs.entries()) {
      beginEpoch(log, epoch);
      made.stream.set("b", n + 1);
    }
  }
  const told = (connection: Parameters<typeof framesOf>[0]) =>
    framesOf(connection).map(({ event, id, data }) => [
      event,
      id.replace(/\.[^.]{8}$/, ""),
      (JSON.parse(data) as { ended?: unknown }).ended,
    ]);

  test("the next event says where, once", () => {
    const made = setup({ a: 0, b: 0 });
    const { connection } = follow(made.stream, { slices: ["a"] });
    framesOf(connection);
    made.stream.set("a", 1);
    alternate(made);
    made.stream.set("a", 2);
    made.stream.set("a", 3);
    made.clock.flush();
    expect(told(connection)).toStrictEqual([
      ["state.update", "testepoch00.1", undefined],
      ["state.update", "fourthepoch.6", ["testepoch00.2", "secondepoch.3", "thirdepoch0.4"]],
      ["state.update", "fourthepoch.7", undefined],
    ]);
  });

  test("a net event says where, since it stands for events of several epochs", () => {
    const made = setup({ a: 0, b: 0 });
    const { connection } = follow(made.stream, { maxRateHz: 1 });
    framesOf(connection);
    made.stream.set("a", 1);
    made.clock.flush();
    expect(told(connection)).toStrictEqual([["state.update", "testepoch00.1", undefined]]);
    alternate(made);
    made.clock.advance(1000);
    made.clock.flush();
    const ended = ["testepoch00.2", "secondepoch.3", "thirdepoch0.4"];
    expect(told(connection)).toStrictEqual([["state.update", "fourthepoch.5", ended]]);
  });

  test("a heartbeat says where, once, and so does a snapshot", () => {
    const made = setup({ a: 0, b: 0 });
    const { connection } = follow(made.stream, { slices: ["a"], bookmarks: true });
    framesOf(connection);
    alternate(made);
    made.clock.advance(300);
    const ended = ["testepoch00.1", "secondepoch.2", "thirdepoch0.3"];
    expect(told(connection)).toStrictEqual([["heartbeat", "fourthepoch.4", ended]]);
    made.clock.advance(15_000);
    expect(told(connection)).toStrictEqual([["heartbeat", "fourthepoch.4", undefined]]);
    expect(told(follow(made.stream).connection)).toStrictEqual([["state.initial", "fourthepoch.4", ended]]);
  });

  test("a client that resumes is sent those after its position", () => {
    const made = setup({ a: 0, b: 0 });
    const [first] = framesOf(follow(made.stream, { slices: ["a"] }).connection);
    alternate(made);
    made.stream.set("a", 2);
    const lastEventId = first?.id.replace("testepoch00.0", "secondepoch.2");
    const { connection } = follow(made.stream, { slices: ["a"], lastEventId });
    expect(told(connection)).toStrictEqual([
      ["heartbeat", "secondepoch.2", undefined],
      // Others come again, since the range is shared.
      ["state.update", "fourthepoch.5", expect.arrayContaining(["thirdepoch0.3"])],
    ]);
  });

  test("at most 32 are listed, the latest", () => {
    const made = setup({ a: 0 });
    const { log } = made.stream as unknown as BaseStateStream<object>;
    for (let n = 1; n <= 50; n++) {
      beginEpoch(log, `epoch${String(n).padStart(6, "0")}`);
      made.stream.set("a", n);
    }
    const [[, , ended] = []] = told(follow(made.stream).connection);
    expect(ended).toHaveLength(32);
    expect((ended as string[]).at(-1)).toBe("epoch000049.1d");
  });
});
