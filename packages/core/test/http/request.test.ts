import { describe, expect, test, vi } from "vitest";
import type { CloseReason } from "../../src/delivery/connection.ts";
import type { StateInitialEvent } from "../../src/protocol/events.ts";
import { SSE_HEADERS } from "../../src/protocol/frame.ts";
import { answerRequest, type StreamAnswer, type StreamStateOptions } from "../../src/http/request.ts";
import { createTestClock } from "../../src/state/testing.ts";
import { eventsOf, framesOf } from "../support/read.ts";
import { errorOf } from "../support/values.ts";

const clock = createTestClock();
const open = () => clock.createStateStream({ initialState: { a: 1, b: 2, c: 3, "x,y": 4 } });
const stream = open();

function answer(url: string, options?: StreamStateOptions, lastEventId?: string, method = "GET"): StreamAnswer {
  return answerRequest(stream, { method, url, lastEventId }, options);
}

function connectionOf({ connect }: StreamAnswer) {
  if (connect === undefined) throw new Error("there is no body");
  return connect();
}

/** The slices that a request is shown, and why it is given a snapshot. */
function shown(url: string, options?: StreamStateOptions, lastEventId?: string): [names: string, reason: string] {
  const connection = connectionOf(answer(url, options, lastEventId));
  const [event] = eventsOf(connection) as [StateInitialEvent];
  connection.close();
  return [Object.keys(event.slices).join(" "), event.reason];
}

test.each([
  ["bookmarks=1", true],
  ["bookmarks=0", false],
  ["bookmarks", false],
  ["", false],
])("bookmarks are %j: %j", (query, asked) => {
  // prettier-ignore
  const spy = vi.spyOn(stream, "connect");
  connectionOf(answer(`/?${query}`)).close();
  expect(spy.mock.calls.at(-1)?.[0]?.bookmarks).toBe(asked);
  spy.mockRestore();
});

describe("maxRateHz of a request", () => {
  /** The rate that the connection has. */
  const rate = (query: string, options?: StreamStateOptions) => {
    const spy = vi.spyOn(stream, "connect");
    connectionOf(answer(`/?${query}`, options)).close();
    const [given] = spy.mock.calls.at(-1) ?? [];
    spy.mockRestore();
    return given?.maxRateHz;
  };

  test("lowers what the option allows, and never raises it", () => {
    expect(rate("maxRateHz=2")).toBe(2);
    expect(rate("maxRateHz=2.9")).toBe(2);
    expect(rate("maxRateHz=5", { maxRateHz: 10 })).toBe(5);
    expect(rate("maxRateHz=50", { maxRateHz: 10 })).toBe(10);
    expect(rate("", { maxRateHz: 10 })).toBe(10);
  });

  test.each(["0", "NaN", "-1", "0.49", "1001", "", "Infinity", "1e999", "ten", "1".repeat(10_000)])(
    "is ignored where it is %j",
    (text) => {
      expect(rate(`maxRateHz=${text}`)).toBeUndefined();
      expect(rate(`maxRateHz=${text}`, { maxRateHz: 10 })).toBe(10);
    },
  );

  test("throws where the option is none", () => {
    expect(() => answer("/", { maxRateHz: 0 })).toThrow(/maxRateHz/);
  });
});

describe("the answer", () => {
  test("is 200 with the headers of a stream, and opens nothing until it is connected", () => {
    const { status, headers, connect } = answer("/state");
    expect([status, headers]).toStrictEqual([200, SSE_HEADERS]);
    expect(stream.stats().connections).toBe(0);
    const connection = connect?.();
    expect(stream.stats().connections).toBe(1);
    connection?.close();
  });

  test("to HEAD is the headers alone", () => {
    expect(answer("/state", {}, undefined, "HEAD")).toStrictEqual({ status: 200, headers: SSE_HEADERS, connect: undefined }); // prettier-ignore
    expect(stream.stats().connections).toBe(0);
  });

  test("to OPTIONS is 204 without headers, and opens nothing", () => {
    expect(answer("/state", {}, undefined, "OPTIONS")).toStrictEqual({ status: 204, headers: {}, connect: undefined });
    expect(stream.stats().connections).toBe(0);
  });

  test.each(["GET", "HEAD"])("to %s of a stream whose clients must not come back is 204", (method) => {
    const closed = open();
    void closed.close({ retry: false });
    const { status, connect } = answerRequest(closed, { method, url: "/", lastEventId: undefined });
    expect([status, connect]).toStrictEqual([204, undefined]);
  });

  test("is 204 where access has been revoked, and the end where it is revoked before the connection opens", () => {
    const access = new AbortController();
    const early = answer("/", { revoked: access.signal });
    access.abort();
    const { status, connect } = answer("/", { revoked: access.signal });
    expect([status, connect]).toStrictEqual([204, undefined]);
    expect(eventsOf(connectionOf(early))).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);
  });

  test("of a stream that is closed for now is its end", () => {
    const closed = open();
    void closed.close();
    const closedAnswer = answerRequest(closed, { method: "GET", url: "/", lastEventId: undefined });
    expect(closedAnswer.status).toBe(200);
    expect(eventsOf(connectionOf(closedAnswer))).toMatchObject([{ type: "state.end", reason: "closed", retry: true }]);
  });

  test("passes on what the adapter gives: signal, context, expiry and onClose", () => {
    const controller = new AbortController();
    const onClose = vi.fn<(reason: CloseReason) => void>();
    const connection = answer("/", { context: "user", expiresAt: clock.now() + 100, onClose }).connect?.(
      controller.signal,
    );
    expect(connection?.context).toBe("user");
    controller.abort();
    expect(connection?.closed).toBe(true);
    expect(onClose).toHaveBeenCalledExactlyOnceWith("disconnected");
    const expiring = connectionOf(answer("/", { expiresAt: new Date(clock.now() + 100) }));
    eventsOf(expiring);
    clock.advance(100);
    expect(eventsOf(expiring)).toMatchObject([{ type: "state.end", reason: "expired" }]);
  });
});

describe("the event ID", () => {
  const here = stream.eventId;

  test("of the header comes before that of the query, and an empty one does not count", () => {
    const resumes = (query: string, header?: string): boolean =>
      connectionOf(answer(`/?lastEventId=${query}`, {}, header)).resumed;
    expect(resumes(here)).toBe(true);
    expect(resumes("nonsense", here)).toBe(true);
    expect(resumes(here, "nonsense")).toBe(false);
    expect(resumes(here, "")).toBe(true);
    expect(resumes("", undefined)).toBe(false);
  });

  test.each([
    "nonsense",
    "%00",
    "%",
    "%ff",
    "%0a%0aid:%201",
    "x".repeat(100_000),
    `${here}&lastEventId=${here}x`.replace(here, "-"),
  ])(
    // prettier-ignore
    "that is none is answered by a snapshot: %#",
    (id) => {
      expect(shown(`/?lastEventId=${id}`)).toStrictEqual(["a b c x,y", "invalid-id"]);
    },
  );

  test("is resumed only for the same slices", () => {
    const [frame] = framesOf(connectionOf(answer("/?slices=a")));
    expect(connectionOf(answer("/?slices=a&slices=a", {}, frame?.id)).resumed).toBe(true);
    expect(shown("/?slices=b", {}, frame?.id)).toStrictEqual(["b", "selection"]);
    expect(shown("/", {}, frame?.id)).toStrictEqual(["a b c x,y", "selection"]);
  });
});

describe("slices", () => {
  test.each<[string, string[] | undefined, string]>([
    ["/state", undefined, "a b c x,y"],
    ["/state?", undefined, "a b c x,y"],
    ["", undefined, "a b c x,y"],
    ["?slices=b", undefined, "b"],
    ["https://host/state?x=1&slices=a&slices=c", undefined, "a c"],
    ["/state?slices=a&slices=a", undefined, "a"],
    ["/state?slices=a,b", undefined, ""],
    ["/state?slices=x%2Cy", undefined, "x,y"],
    ["/state?slices=", undefined, ""],
    ["/state?slices", undefined, ""],
    ["/state?SLICES=a", undefined, "a b c x,y"],
    ["/state?slices[]=a", undefined, "a b c x,y"],
    ["/state", ["a", "b"], "a b"],
    ["/state", [], ""],
    ["/state?slices=a", [], ""],
    ["/state?slices=b&slices=c", ["a", "b"], "b"],
    ["/state?slices=c", ["a"], ""],
    ["/state?slices=", ["a"], ""],
    ["/state?slices=later", undefined, ""],
    ["/state?slices=__proto__&slices=constructor&slices=toString", undefined, ""],
    ["/state?slices=__proto__", ["a"], ""],
    ["/state?slices=%", undefined, ""],
    ["/state?slices=%ff%00%0d%0a", undefined, ""],
    [`/state?${"slices=a&".repeat(10_000)}`, undefined, "a"],
    ["/state?a=?slices=b", undefined, "a b c x,y"],
  ])("of the request %.40s, allowed %j, show %j", (url, slices, names) => {
    expect(shown(url, { slices })).toStrictEqual([names, "connect"]);
  });

  test("of a name that is not there yet arrive when it is", () => {
    const growing = clock.createStateStream<Record<string, unknown>>({ initialState: {} });
    const connection = connectionOf(answerRequest(growing, { method: "GET", url: "/?slices=later", lastEventId: undefined })); // prettier-ignore
    eventsOf(connection);
    growing.set("other", 1);
    growing.set("later", 2);
    expect(eventsOf(connection)).toMatchObject([{ slice: "later", value: 2 }]);
  });
});

describe("ops", () => {
  test.each<[string, string[] | undefined]>([
    ["/state", undefined],
    ["/state?ops=append", ["append"]],
    ["/state?ops=other,append", ["append"]],
    ["/state?ops=append&ops=append", ["append"]],
    ["/state?ops=other&ops=append", ["append"]],
    ["/state?ops=append%2Cother", ["append"]],
    ["/state?ops=", undefined],
    ["/state?ops", undefined],
    ["/state?ops=,", undefined],
    ["/state?ops=Append", undefined],
    ["/state?ops=append%20", undefined],
    ["/state?ops=appendix", undefined],
    ["/state?OPS=append", undefined],
    ["/state?ops[]=append", undefined],
    ["/state?ops=add", undefined],
    ["/state?ops=%ff%00%0d%0a", undefined],
    ["/state?ops=__proto__", undefined],
    [`/state?ops=${"x,".repeat(10_000)}`, undefined],
    [`/state?ops=${"x,".repeat(10_000)}append`, ["append"]],
    [`/state?${"ops=x&".repeat(10_000)}ops=append`, ["append"]],
  ])("of the request %.40s grant %j", (url, ops) => {
    const connection = connectionOf(answer(url));
    const [event] = eventsOf(connection) as [StateInitialEvent];
    connection.close();
    expect(event.ops).toStrictEqual(ops);
  });

  test("do not decide whether a client resumes", () => {
    const [frame] = framesOf(connectionOf(answer("/?ops=append")));
    expect(connectionOf(answer("/", {}, frame?.id)).resumed).toBe(true);
    expect(connectionOf(answer("/?ops=append", {}, frame?.id)).resumed).toBe(true);
  });

  test("are the request's alone: an adapter's options have no such name", () => {
    expect(errorOf(() => answer("/", { append: true } as StreamStateOptions)).code).toBe("invalid-option");
  });
});

describe("headers", () => {
  test("are added in lower case, and may replace those that only help", () => {
    expect(answer("/", { headers: { "X-Custom": "1", "Cache-Control": "no-store" } }).headers).toStrictEqual({
      ...SSE_HEADERS,
      "cache-control": "no-store",
      "x-custom": "1",
    });
  });

  test.each(["content-type", "Content-Type"])("%s stays what it is", (name) => {
    expect(answer("/", { headers: { [name]: "text/html" } }).headers).toStrictEqual(SSE_HEADERS);
  });

  test.each(["connection", "Connection", "Transfer-Encoding", "content-length", "CONTENT-LENGTH"])(
    "refuse %s",
    (name) => {
      const error = errorOf(() => answer("/", { headers: { [name]: "x" } }));
      expect(error.code).toBe("invalid-option");
      expect(error.message).toContain(name);
    },
  );

  test("that are undefined remove those that only help", () => {
    const { headers } = answer("/", { headers: { Incremental: undefined, "content-type": undefined } });
    const { incremental: _, ...others } = SSE_HEADERS;
    expect(headers).toStrictEqual(others);
  });

  test("never change those of the next answer", () => {
    answer("/", { headers: { "x-accel-buffering": "yes" } });
    expect(answer("/").headers["x-accel-buffering"]).toBe("no");
  });
});

test.each(["a", [1], { a: true }, null])("the option slices %j is refused before anything is opened", (slices) => {
  const error = errorOf(() => answer("/", { slices: slices as unknown as string[] }));
  expect(error.code).toBe("invalid-option");
});

test("what connect is given beside the signal replaces what the request and the options say", () => {
  const { connect } = answer("/?slices=a", { slices: ["a", "b"] }, stream.eventId);
  const connection = connect?.(undefined, { slices: ["b"], lastEventId: undefined });
  const [event] = eventsOf(connection as NonNullable<typeof connection>) as [StateInitialEvent];
  expect([event.slices, event.reason]).toEqual([{ b: 2 }, "connect"]);
  connection?.close();
});
