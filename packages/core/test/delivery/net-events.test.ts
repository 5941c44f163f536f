import { describe, expect, test } from "vitest";
import type { StateInitialEvent, StateUpdateEvent } from "../../src/protocol/events.ts";
import { framesOf } from "../support/read.ts";
import { chunksOf, filler, follow, followed, setup } from "../support/streams.ts";

const idsOf = (connection: Parameters<typeof framesOf>[0]) => framesOf(connection).map(({ id }) => id);

/** Updates without what every one of them has. */
function brief(events: readonly unknown[]): unknown[] {
  return (events as StateUpdateEvent[]).map(({ type: _type, timestamp: _timestamp, ...rest }) => rest);
}

describe("a connection's dialect", () => {
  test("is named by a snapshot where append is granted, for all slices or some", () => {
    const { stream } = setup({ a: "", b: "" });
    const ops = (append?: boolean | string[], slices?: string[]) =>
      (follow(stream, { append, slices }).pull()[0] as StateInitialEvent).ops;
    expect(ops(true)).toStrictEqual(["append"]);
    expect(ops(["a"])).toStrictEqual(["append"]);
    expect(ops(true, ["b"])).toStrictEqual(["append"]);
    expect([ops(), ops(false), ops([]), ops(["a"], ["b"])]).toStrictEqual([undefined, undefined, undefined, undefined]);
  });

  test("refuses anything but a boolean or names", () => {
    const { stream } = setup({ a: "" });
    for (const append of [1, "a", [1], null])
      expect(() => stream.connect({ append: append as never })).toThrow(/append.*boolean or a list of names/);
  });

  test("shares its bytes with equal ones, and no others", () => {
    const { stream, clock } = setup({ a: "", b: "" });
    const connect = (append?: boolean | string[]) => {
      const { connection } = followed(stream, { append });
      return connection;
    };
    const [all, again, strict, onlyA, both] = [
      connect(true),
      connect(true),
      connect(),
      connect(["a"]),
      connect(["b", "a"]),
    ];
    stream.set("a", filler(100));
    stream.set("a", filler(200));
    clock.flush();
    const [bytes, other, replaced, a, ab] = [all, again, strict, onlyA, both].map((connection) => connection.read());
    expect(other).toBe(bytes);
    expect(a).toStrictEqual(bytes);
    expect(ab).toStrictEqual(bytes);
    expect(Buffer.from(replaced as Uint8Array).toString()).not.toContain('"append"');
  });

  test("may be another after a resume", () => {
    const { stream } = setup({ text: "", other: 1 });
    const first = followed(stream, { append: true });
    stream.set("text", filler(50));
    first.pull();
    const second = follow(stream, {}, first.client.bookmark);
    stream.set("text", filler(80));
    expect(brief(second.pull()).at(-1)).toStrictEqual({ slice: "text", seq: 2, base: 1, value: filler(80) });
    const third = follow(stream, { append: true }, second.client.bookmark);
    stream.set("text", filler(90));
    expect(brief(third.pull()).at(-1)).toMatchObject({ patches: [{ op: "append", path: "", value: filler(10) }] });
    expect(third.client.state).toStrictEqual(stream.state);
  });
});

describe("a strict client", () => {
  const doc = (text: string) => ({ pad: filler(300), text });

  test("gets a text that grew once as a replace, with its cause and its place in the commit", () => {
    const { stream } = setup({ a: doc("one"), b: 1 });
    const { connection, pull } = followed(stream);
    stream.batch(() => {
      stream.set("b", 2, { type: "count" });
      stream.set("a", doc("one two"), { type: "token" });
    });
    expect(brief(pull())).toStrictEqual([
      { slice: "b", seq: 1, base: 0, value: 2, cause: { type: "count" }, more: true },
      { slice: "a", seq: 2, base: 0, patches: [{ op: "replace", path: "/text", value: "one two" }], cause: { type: "token" } }, // prettier-ignore
    ]);
    connection.close();
  });

  test("gets one net event for a slice that grew in a flush, and every other slice frame by frame", () => {
    const { stream } = setup({ a: doc(""), b: 0 });
    const { pull } = followed(stream);
    for (let count = 1; count <= 3; count++) {
      stream.set("a", doc("x".repeat(count)), { type: "token" });
      stream.set("b", count, { type: "count" });
    }
    expect(brief(pull())).toStrictEqual([
      { slice: "b", seq: 2, base: 0, value: 1, cause: { type: "count" }, more: true },
      { slice: "b", seq: 4, base: 2, value: 2, cause: { type: "count" }, more: true },
      { slice: "a", seq: 5, base: 0, patches: [{ op: "replace", path: "/text", value: "xxx" }], more: true },
      { slice: "b", seq: 6, base: 4, value: 3, cause: { type: "count" } },
    ]);
  });

  test("gets what has no append as the log has it", () => {
    const { stream } = setup({ a: doc("one"), b: 0 });
    const [strict, other] = [followed(stream), followed(stream, { append: true })];
    stream.set("a", doc("another"), { type: "edit" });
    stream.set("b", 1);
    expect(strict.pull()).toStrictEqual(other.pull());
  });

  test.each([undefined, ["a", "b"]])(
    "can resume from the last event of a range with net events only (slices %j)",
    (slices) => {
      const { stream } = setup({ a: doc(""), b: doc("") });
      const { connection } = followed(stream, { slices });
      for (const text of ["1", "12"]) {
        stream.set("a", doc(text));
        stream.set("b", doc(text));
      }
      const [open, named] = idsOf(connection) as [string, string];
      expect(open).toMatch(slices === undefined ? /^testepoch00\.3\.\.-$/ : /^testepoch00\.3\.[\w-]{8}\.-$/);
      expect(named).toMatch(slices === undefined ? /^testepoch00\.4$/ : /^testepoch00\.4\.[\w-]{8}$/);
      const first = (lastEventId: string) => follow(stream, { lastEventId, slices }).connection;
      expect(framesOf(first(open))[0]?.data).toContain('"reason":"trimmed"');
      expect(framesOf(first(named))[0]?.event).toBe("heartbeat");
    },
  );

  test("gets the value where that is smaller, or where rows moved around a text that grew", () => {
    const { stream } = setup({ rows: [{ id: 1, text: "" }] });
    const { pull, client } = followed(stream);
    stream.set("rows", [{ id: 1, text: "one" }]);
    stream.set("rows", [{ id: 0, text: "zero" }, { id: 1, text: "one" }]); // prettier-ignore
    expect(brief(pull())).toStrictEqual([
      { slice: "rows", seq: 2, base: 0, value: [{ id: 0, text: "zero" }, { id: 1, text: "one" }] }, // prettier-ignore
    ]);
    expect(client.state).toStrictEqual(stream.state);
  });

  test("gets a slice that grew and went removed, and one that came, grew and went before that", () => {
    const { stream } = setup({ a: "", keep: 1 });
    const { pull, client } = followed(stream);
    stream.set("a", "x");
    stream.remove("a");
    stream.set("b", "");
    stream.set("b", "y");
    stream.remove("b");
    expect(brief(pull())).toStrictEqual([
      { slice: "a", seq: 2, base: 0, removed: true, more: true },
      { slice: "b", seq: 3, base: 0, value: "", more: true },
      { slice: "b", seq: 5, base: 3, removed: true },
    ]);
    expect(client.state).toStrictEqual({ keep: 1 });
  });

  test("shares a net event's bytes with strict clients of other selections", () => {
    const { stream } = setup({ a: "", b: 1 });
    const [all, one] = [followed(stream), followed(stream, { slices: ["a"] })];
    stream.set("a", "x".repeat(70_000));
    stream.set("a", "x".repeat(70_001));
    const [first, second] = [all, one].map(({ connection }) => chunksOf(connection).map(({ buffer }) => buffer));
    expect(first?.[0]).toBe(second?.[0]);
  });

  test("gets a net event where appends would cost more than a snapshot, which it costs less than", () => {
    const { stream } = setup({ text: "", rest: filler(1000) });
    const { client, connection } = followed(stream);
    connection.close();
    for (let count = 1; count <= 900; count++) stream.set("text", "word ".repeat(count));
    const strict = follow(stream, {}, client.bookmark);
    expect(brief(strict.pull()).slice(1)).toMatchObject([{ slice: "text", seq: 900, base: 0 }]);
    const append = follow(stream, { append: true }, client.bookmark);
    expect(append.pull()).toMatchObject([{ reason: "trimmed" }]);
  });
});

test("a strict client's snapshot is not used again where the text that grew since costs as much", () => {
  const { stream } = setup({ text: filler(5000) });
  const [append, strict] = [{ append: true }, {}];
  const seqOf = (options: object) => (follow(stream, options).pull()[0] as StateInitialEvent).seq;
  expect([seqOf(append), seqOf(strict)]).toStrictEqual([0, 0]);
  stream.set("text", filler(5001));
  expect([seqOf(append), seqOf(strict)]).toStrictEqual([0, 1]);
});
