import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Operation } from "../../src/json/types.ts";
import { fastJsonPatch } from "../../src/index.ts";
import { updatesOf } from "../support/read.ts";
import { setup, type Slices, thrownBy } from "../support/streams.ts";
import type { StateStreamOptions } from "../../src/index.ts";

const append = (path: string, value: string): Operation => ({ op: "append", path, value });

/** A stream, and what a client that understands `append` receives after the first state. */
function followed(initialState: Slices, options: StateStreamOptions<Slices> = {}) {
  const { stream } = setup(initialState, options);
  const connection = stream.connect({ append: true });
  updatesOf(connection);
  return { stream, updates: () => updatesOf(connection) };
}

describe("append", () => {
  test("sends the piece only, wherever the text is, with its cause", () => {
    const { stream, updates } = followed({ messages: [{ text: "Hel" }], title: "A" });
    stream.append("messages", "/0/text", "lo", { type: "token" });
    stream.append("title", "", "nswer");
    expect(updates()).toStrictEqual([
      { slice: "messages", patches: [append("/0/text", "lo")], cause: { type: "token" } },
      { slice: "title", patches: [append("", "nswer")] },
    ]);
    expect(stream.state).toStrictEqual({ messages: [{ text: "Hello" }], title: "Answer" });
  });

  test("leaves the previous state as it was, and shares with it what the path does not lead through", () => {
    const before = { messages: [{ text: "a" }, { text: "b" }] };
    const { stream } = followed({ s: before });
    stream.append("s", "/messages/1/text", "c");
    const after = stream.state["s"] as typeof before;
    expect(before).toStrictEqual({ messages: [{ text: "a" }, { text: "b" }] });
    expect(after.messages[0]).toBe(before.messages[0]);
    expect(after.messages[1]).toStrictEqual({ text: "bc" });
  });

  test("makes one operation of the pieces of a batch, in order with other operations", () => {
    const { stream, updates } = followed({ s: { text: "", n: 0 } });
    stream.batch(() => {
      for (const piece of ["a", "b", "c"]) stream.append("s", "/text", piece);
      stream.patch("s", [{ op: "replace", path: "/n", value: 1 }]);
      stream.append("s", "/text", "d");
    });
    expect(updates()).toStrictEqual([
      {
        slice: "s",
        patches: [append("/text", "abc"), { op: "replace", path: "/n", value: 1 }, append("/text", "d")],
      },
    ]);
  });

  test("changes nothing where the text is empty", () => {
    const { stream, updates } = followed({ s: { text: "a" } });
    stream.append("s", "/text", "");
    expect(updates()).toStrictEqual([]);
  });

  test("never sends an operation that begins in the middle of a character", () => {
    const { stream, updates } = followed({ s: { text: "" }, t: "" });
    for (const piece of ["a\ud83d", "\ude00", "b"]) {
      stream.append("s", "/text", piece);
      stream.append("t", "", piece);
    }
    expect(updates()).toStrictEqual([
      { slice: "s", patches: [append("/text", "a\ud83d")] },
      { slice: "t", patches: [append("", "a\ud83d")] },
      { slice: "s", patches: [{ op: "replace", path: "/text", value: "a\u{1f600}" }] },
      { slice: "t", value: "a\u{1f600}" },
      { slice: "s", patches: [append("/text", "b")] },
      { slice: "t", patches: [append("", "b")] },
    ]);
    expect(stream.state).toStrictEqual({ s: { text: "a\u{1f600}b" }, t: "a\u{1f600}b" });
  });

  test("takes the two halves of a character in one batch", () => {
    const { stream, updates } = followed({ s: { text: "a" } });
    stream.batch(() => {
      stream.append("s", "/text", "\ud83d");
      stream.append("s", "/text", "\ude00");
    });
    const [update] = updates();
    expect(update?.patches?.at(-1)).toStrictEqual({ op: "replace", path: "/text", value: "a\u{1f600}" });
  });

  test.each<[string, string, unknown, string]>([
    ["/nothing", "x", "invalid-patch", "its path leads nowhere"],
    ["/n", "x", "invalid-patch", "its target is not a string"],
    ["", "x", "invalid-patch", "its target is not a string"],
    ["text", "x", "invalid-patch", "its path is no JSON Pointer"],
    ["/text", 5 as never, "invalid-patch", "its value is not a string"],
    ["/text", undefined as never, "invalid-patch", "its value is not a string"],
  ])("throws at %j of %j, names the operation and changes nothing", (path, text, code, why) => {
    const { stream, updates } = followed({ s: { text: "a", n: 1 } });
    const error = thrownBy(() => stream.append("s", path, text)) as Error;
    expect(error).toMatchObject({ code, slice: "s" });
    expect(error.message).toContain(why);
    expect(error.message).toContain('"op":"append"');
    expect(stream.state).toStrictEqual({ s: { text: "a", n: 1 } });
    expect(updates()).toStrictEqual([]);
  });

  test("throws unknown-slice for a slice that is absent", () => {
    const { stream } = followed({});
    expect(thrownBy(() => stream.append("s", "", "x"))).toMatchObject({ code: "unknown-slice", slice: "s" });
  });

  test("is sent as it is where it is an operation of patch, and `test` is not sent to clients", () => {
    const { stream, updates } = followed({ s: { text: "a", n: 1 } });
    stream.patch("s", [{ op: "test", path: "/n", value: 1 }, append("/text", "b"), { op: "remove", path: "/n" }]);
    expect(updates()).toStrictEqual([{ slice: "s", patches: [append("/text", "b"), { op: "remove", path: "/n" }] }]);
  });

  test("is sent as what serialize gives where there is one, without append", () => {
    const serialize = (value: unknown): string => JSON.stringify({ shout: (value as { text: string }).text.toUpperCase() }); // prettier-ignore
    const { stream, updates } = followed({ s: { text: "a" } }, { serialize });
    stream.append("s", "/text", "b");
    expect(updates()).toStrictEqual([{ slice: "s", patches: [{ op: "replace", path: "/shout", value: "AB" }] }]);
  });

  test.each<[string, StateStreamOptions<Slices>]>([
    ["fastJsonPatch", { differ: fastJsonPatch }],
    ["a differ that always gives up", { differ: () => undefined }],
  ])("needs no differ: %s", (_, options) => {
    const { stream, updates } = followed({ s: { text: "a" } }, options);
    stream.append("s", "/text", "b");
    expect(updates()).toStrictEqual([{ slice: "s", patches: [append("/text", "b")] }]);
  });

  test("sends only the piece with private copies too, which are compared", () => {
    const { stream, updates } = followed({ s: { text: "a" } }, { snapshots: "copy" });
    stream.append("s", "/text", "b");
    stream.append("s", "/text", "c");
    expect(updates()).toStrictEqual([
      { slice: "s", patches: [append("/text", "b")] },
      { slice: "s", patches: [append("/text", "c")] },
    ]);
  });

  test("sends the value where the piece costs more than that", () => {
    const { stream, updates } = followed({ s: "" });
    stream.append("s", "", "x".repeat(1000));
    expect(updates()).toStrictEqual([{ slice: "s", value: "x".repeat(1000) }]);
  });
});

describe("text that grows in a state that is compared", () => {
  test("is sent as append, also by fastJsonPatch's replace where that is the differ", () => {
    const { stream, updates } = followed({ s: { text: "a" }, t: "a" });
    stream.set("s", { text: "ab" });
    stream.set("t", "ab");
    expect(updates()).toStrictEqual([
      { slice: "s", patches: [append("/text", "b")] },
      { slice: "t", patches: [append("", "b")] },
    ]);
    const other = followed({ s: { text: "a" } }, { differ: fastJsonPatch });
    other.stream.set("s", { text: "ab" });
    expect(other.updates()).toStrictEqual([{ slice: "s", patches: [{ op: "replace", path: "/text", value: "ab" }] }]);
  });

  test("is never sent as append under serialize", () => {
    const { stream, updates } = followed({ s: { text: "a" }, t: "a" }, { serialize: (value) => JSON.stringify(value) });
    stream.set("s", { text: "ab" });
    stream.set("t", "ab");
    expect(updates()).toStrictEqual([
      { slice: "s", patches: [{ op: "replace", path: "/text", value: "ab" }] },
      { slice: "t", value: "ab" },
    ]);
  });
});

describe("what a piece costs", () => {
  beforeEach(() => void vi.stubEnv("NODE_ENV", "production"));
  afterEach(() => void vi.unstubAllEnvs());

  test("the log grows by the pieces, not by the text", () => {
    const { stream } = followed({ answer: { text: "" } }, { maxLogEvents: 10_000 });
    for (let piece = 0; piece < 2000; piece++) stream.append("answer", "/text", "word");
    expect(stream.stats().logBytes).toBeLessThanOrEqual(2000 * (4 + 235));
  });

  test("a piece takes as long at the end of 32 million characters as at the end of none", () => {
    const cost = (length: number): number => {
      const { stream } = followed({ answer: { text: "x".repeat(length) } });
      const start = process.cpuUsage();
      for (let piece = 0; piece < 300; piece++) stream.append("answer", "/text", "word");
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    cost(0);
    // Copying the text once per piece would take seconds.
    expect(cost(32_000_000)).toBeLessThan(10 * cost(0) + 200);
  });
});
