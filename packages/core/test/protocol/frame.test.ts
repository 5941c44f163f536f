import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndReason, SnapshotReason, StateEvent } from "../../src/protocol/events.ts";
import type { Json } from "../../src/json/types.ts";
import {
  concatenate,
  decodeFrames,
  encode,
  endFrame,
  heartbeatFrame,
  retryLine,
  snapshotMember,
  snapshotSegments,
  snapshotTail,
  SSE_HEADERS,
  updateBody,
  updateTail,
} from "../../src/protocol/frame.ts";
import { json } from "../support/values.ts";
import { PROPERTY_TIMEOUT_MS } from "../support/property.ts";

const id = "testepoch00.1z.AAAAAAAA";

const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

const update = (slice: string, member: string, cause?: string, more = false): Uint8Array =>
  concatenate([updateBody(slice, 71, 70, member, cause), encode(updateTail(more, 5, id))]);

const snapshot = (slices: [string, string][], reason: SnapshotReason = "connect"): Uint8Array =>
  concatenate(
    snapshotSegments(
      slices.map(([slice, text]) => snapshotMember(slice, text)),
      snapshotTail({ reason, seq: 71, heartbeatMs: 15_000, timestamp: 5 }, id),
    ),
  );

describe("exact bytes", () => {
  test.each<[string, Uint8Array, string]>([
    ["retry", retryLine(2000), "retry: 2000\n"],
    [
      "an update with patches",
      update("todos", '"patches":[]'),
      `event: state.update\ndata: {"type":"state.update","slice":"todos","seq":71,"base":70,"patches":[],"timestamp":5}\nid: ${id}\n\n`,
    ],
    [
      "an update with a cause and more of its commit",
      update("é", '"value":1', '{"type":"t"}', true),
      `event: state.update\ndata: {"type":"state.update","slice":"é","seq":71,"base":70,"value":1,"cause":{"type":"t"},"more":true,"timestamp":5}\nid: ${id}\n\n`,
    ],
    [
      "a snapshot",
      snapshot([["a", "1"], ["b", "[]"]], "slow"), // prettier-ignore
      `event: state.initial\ndata: {"type":"state.initial","slices":{"a":1,"b":[]},"reason":"slow","seq":71,"heartbeatMs":15000,"timestamp":5}\nid: ${id}\n\n`,
    ],
    [
      "a snapshot of nothing",
      snapshot([]),
      `event: state.initial\ndata: {"type":"state.initial","slices":{},"reason":"connect","seq":71,"heartbeatMs":15000,"timestamp":5}\nid: ${id}\n\n`,
    ],
    [
      "a heartbeat",
      heartbeatFrame({ seq: 71, head: 70, heartbeatMs: 15_000, timestamp: 5 }, id),
      `event: heartbeat\ndata: {"type":"heartbeat","seq":71,"head":70,"heartbeatMs":15000,"timestamp":5}\nid: ${id}\n\n`,
    ],
    [
      "an end",
      endFrame("revoked", false, 5, id),
      `event: state.end\ndata: {"type":"state.end","reason":"revoked","retry":false,"timestamp":5}\nid: ${id}\n\n`,
    ],
    [
      "an end without an id",
      endFrame("overloaded", true, 5, undefined),
      'event: state.end\ndata: {"type":"state.end","reason":"overloaded","retry":true,"timestamp":5}\n\n',
    ],
  ])("of %s", (_name, bytes, text) => {
    expect(textOf(bytes)).toBe(text);
  });

  test("are joined as they are, in one array", () => {
    const bytes = concatenate(["é", "ab", "", "", "😀", "c"].map(encode));
    expect(textOf(bytes)).toBe("éab😀c");
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    expect(concatenate([])).toHaveLength(0);
  });
});

test("the headers are those of an event stream that nobody may hold back", () => {
  expect(SSE_HEADERS).toStrictEqual({
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    incremental: "?1",
  });
});

describe("another parser of event streams", () => {
  function reparse(bytes: Uint8Array): EventSourceMessage[] {
    const events: EventSourceMessage[] = [];
    const refuse = (what: unknown): never => {
      throw new Error(`not an event of ours: ${String(what)}`);
    };
    const parser = createParser({ onEvent: (event) => events.push(event), onError: refuse, onRetry: refuse, onComment: refuse }); // prettier-ignore
    parser.feed(textOf(bytes));
    return events;
  }

  const forged = "\n\nevent: state.end\ndata: {}\nid: forged\n\n";
  const hostile = ["\r", "\n", "\r\n", "\0", "\u2028", "\u2029", "\u0085", "😀", "\ud800", "\udc00x", "\ufeff", "id: 1", forged, "__proto__"]; // prettier-ignore

  test.each(hostile)("finds one event and its id, whatever carries %j", (text) => {
    const value = Object.fromEntries([[text, [text]]]);
    const valueText = JSON.stringify(value);
    const cause = { type: text, payload: value };
    const events = [
      ...reparse(update(text, `"value":${valueText}`, JSON.stringify(cause))),
      ...reparse(snapshot([[text, valueText]])),
    ];
    expect(events).toMatchObject([
      { event: "state.update", id },
      { event: "state.initial", id },
    ]);
    const [first, initial] = events.map(({ data }) => JSON.parse(data) as StateEvent);
    expect(first).toStrictEqual({ type: "state.update", slice: text, seq: 71, base: 70, value, cause, timestamp: 5 });
    expect((initial as { slices: Json }).slices).toStrictEqual(Object.fromEntries([[text, value]]));
  });

  test("finds one event for each of any changes", { timeout: PROPERTY_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), json), { minLength: 1 }), (changes) => {
        const parts = changes.flatMap(([slice, value]) => [
          updateBody(slice, 1, 0, `"value":${JSON.stringify(value)}`, undefined),
          encode(updateTail(false, 5, id)),
        ]);
        const events = reparse(concatenate(parts)).map(
          ({ data }) => JSON.parse(data) as { slice: string; value: Json },
        );
        expect(events.map(({ slice, value }) => JSON.stringify([slice, value]))).toStrictEqual(
          changes.map((change) => JSON.stringify(change)),
        );
      }),
    );
  });
});

describe("decodeFrames", () => {
  test("gives back every event with its id", () => {
    const ends: EndReason[] = ["closed", "draining", "expired", "revoked", "max-age", "overloaded", "unavailable"];
    const bytes = [
      snapshot([["\n\n", '"\\n\\nid: x"']]),
      update("\r\n", '"removed":true', undefined, true),
      update("😀", '"patches":[{"op":"remove","path":"/\\u2028"}]', '{"type":"t","id":0}'),
      heartbeatFrame({ seq: 1, head: 2, heartbeatMs: 3, timestamp: 4, stale: true }, "h"),
      ...ends.map((reason) => endFrame(reason, reason !== "revoked", 5, reason)),
      endFrame("closed", true, 5, undefined),
    ];
    const events = decodeFrames(Buffer.concat(bytes));
    expect(events.map((event) => event.id)).toStrictEqual([id, id, id, "h", ...ends, ""]);
    for (const { event, data } of events) expect(event).toBe((JSON.parse(data) as StateEvent).type);
    expect(events.map(({ data }) => JSON.parse(data) as StateEvent)).toStrictEqual([
      { type: "state.initial", slices: { "\n\n": "\n\nid: x" }, reason: "connect", seq: 71, heartbeatMs: 15_000, timestamp: 5 }, // prettier-ignore
      { type: "state.update", slice: "\r\n", seq: 71, base: 70, removed: true, more: true, timestamp: 5 },
      { type: "state.update", slice: "😀", seq: 71, base: 70, patches: [{ op: "remove", path: "/\u2028" }], cause: { type: "t", id: 0 }, timestamp: 5 }, // prettier-ignore
      { type: "heartbeat", seq: 1, head: 2, heartbeatMs: 3, timestamp: 4, stale: true },
      ...ends.map((reason) => ({ type: "state.end", reason, retry: reason !== "revoked", timestamp: 5 })),
      { type: "state.end", reason: "closed", retry: true, timestamp: 5 },
    ]);
  });

  test("gives no event for no bytes", () => {
    expect(decodeFrames(new Uint8Array())).toStrictEqual([]);
  });
});

test("a text is encoded as the platform encodes it, short or long", { timeout: PROPERTY_TIMEOUT_MS }, () => {
  const text = fc.tuple(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom(0, 500, 600));
  fc.assert(
    fc.property(text, ([end, length]) => {
      expect(encode("x".repeat(length) + end)).toStrictEqual(new TextEncoder().encode("x".repeat(length) + end));
    }),
  );
});
