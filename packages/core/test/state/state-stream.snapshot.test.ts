import { describe, expect, test } from "vitest";
import type { StateInitialEvent } from "../../src/index.ts";
import { copyOf, emptyCopy, originOf } from "../support/copies.ts";
import { chunksOf, follow, setup, textOf, thrownBy } from "../support/streams.ts";

const initialState = { a: 1, b: { n: 1 }, secret: "s" };

describe("snapshot", () => {
  test.each([undefined, [], ["a"], ["b", "a", "b"], ["a", "not there yet"]])(
    "gives a client that selects %j what its first snapshot would give it",
    (slices) => {
      const { stream } = setup(initialState, { slices: ["a", "b"] });
      stream.set("b", { n: 2 });
      const { state, eventId } = slices === undefined ? stream.snapshot() : stream.snapshot({ slices });
      const { client, pull } = follow(stream, { slices });
      const [event] = pull(2) as [StateInitialEvent];
      expect(state).toStrictEqual(event.slices);
      expect(eventId).toBe(client.id);
    },
  );

  test("gives an event ID from which a client of the same selection resumes", () => {
    const { stream } = setup(initialState);
    const slices = ["b"];
    const { eventId } = stream.snapshot({ slices });
    stream.set("a", 2);
    stream.set("b", { n: 2 });
    const connection = stream.connect({ lastEventId: eventId, slices });
    const text = textOf(chunksOf(connection));
    expect(connection.resumed).toBe(true);
    expect(text).toContain('"patches":[{"op":"replace","path":"/n","value":2}]');
    expect(text).not.toContain("state.initial");
  });

  test("gives an event ID from which a client of another selection gets a snapshot", () => {
    const { stream } = setup(initialState);
    const { eventId } = stream.snapshot({ slices: ["b"] });
    const { pull } = follow(stream, { lastEventId: eventId });
    expect(pull()).toMatchObject([{ type: "state.initial", reason: "selection" }]);
  });

  test("is the state before a batch inside the batch", () => {
    const { stream } = setup(initialState);
    const before = stream.snapshot();
    stream.batch(() => {
      stream.set("a", 2);
      expect(stream.snapshot()).toStrictEqual(before);
    });
    expect(stream.snapshot().state).toMatchObject({ a: 2 });
  });

  test("never has a slice that may not be seen", () => {
    const { stream } = setup(initialState, { slices: ["a"] });
    expect(stream.snapshot({ slices: ["a", "secret"] }).state).toStrictEqual({ a: 1 });
  });

  test("refuses slices that are not a list of names", () => {
    const { stream } = setup(initialState);
    expect(thrownBy(() => stream.snapshot({ slices: "a" as never }))).toMatchObject({ code: "invalid-option" });
  });

  test("of a followed stream is its copy, which clients of every node resume from", () => {
    const origin = originOf({ a: 1, b: 1 });
    const { copy } = copyOf(origin);
    expect(copy.snapshot({ slices: ["a"] })).toStrictEqual(origin.stream.snapshot({ slices: ["a"] }));
  });

  test("of a followed stream without a state is empty, with no event ID", () => {
    const { copy } = emptyCopy(originOf({}).clock);
    expect([copy.snapshot(), copy.snapshot({ slices: ["a"] })]).toStrictEqual([
      { state: {}, eventId: "" },
      { state: {}, eventId: "" },
    ]);
  });
});
