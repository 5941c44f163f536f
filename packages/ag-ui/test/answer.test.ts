import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { describe, expect, it } from "vitest";
import { framesOf, inputOf, isType, post, Reader, typesOf } from "./support/frames.ts";

const json = async (response: Response): Promise<unknown> => ({ status: response.status, body: await response.json() });

describe("a request", () => {
  const stream = createStateStream({ initialState: { count: 1 } });

  it.each([
    ["no body", "", "The body is empty"],
    ["a body that is not JSON", "{", "not JSON"],
    ["a list", "[]", "must be an object"],
    ["no threadId", inputOf({ threadId: undefined }), "threadId"],
    ["an empty runId", inputOf({ runId: "" }), "runId"],
    ["a number as runId", inputOf({ runId: 7 }), "runId"],
    ["messages that are no list", inputOf({ messages: {} }), "messages"],
    ["no messages", inputOf({ messages: undefined }), "messages"],
    ["messages that are no objects", inputOf({ messages: ["hello"] }), "messages"],
    ["tools that are no list", inputOf({ tools: "none" }), "tools"],
    ["context that is no list", inputOf({ context: null }), "context"],
  ])("with %s is answered with 400 and says what was expected", async (_, body, expected) => {
    const response = await streamAgUi(post(body), stream);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await json(response)).toEqual({
      status: 400,
      body: { error: { code: "invalid-input", message: expect.stringContaining(expected) } },
    });
    expect(stream.stats().connections).toBe(0);
  });

  it("whose body is too large is read to its end, then answered with 413", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        if (sent > 100) controller.close();
        else controller.enqueue(new Uint8Array(65_536));
      },
    });
    const request = new Request("http://localhost/agent", { method: "POST", body, duplex: "half" } as RequestInit);
    const response = await streamAgUi(request, stream);
    expect(await json(response)).toEqual({
      status: 413,
      body: { error: { code: "too-large", message: expect.stringContaining("4194304") } },
    });
    expect(sent).toBeGreaterThan(100);
  });

  it("with a method that AG-UI does not have is answered with 405", async () => {
    const response = await streamAgUi(new Request("http://localhost/agent", { method: "DELETE" }), stream);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
  });

  it("with HEAD or OPTIONS opens nothing", async () => {
    const head = await streamAgUi(new Request("http://localhost/agent", { method: "HEAD" }), stream);
    const options = await streamAgUi(new Request("http://localhost/agent", { method: "OPTIONS" }), stream);
    expect([head.status, head.body, options.status, options.body]).toEqual([200, null, 204, null]);
    expect(head.headers.get("content-type")).toBe("text/event-stream");
  });

  it.each([
    ["an unknown option", { slice: ["count"] }, /no option "slice".*messages, input, run, slices/],
    ["no list of slices", { slices: "count" }, /slices/],
    ["a list as messages", { messages: ["count"] }, /messages must be the name/],
    ["no function as run", { run: {} }, /run must be a function/],
    ["no options but null", null, /an object of options/],
  ])("with %s is rejected", async (_, options, message) => {
    await expect(streamAgUi(post(inputOf()), stream, options as object)).rejects.toMatchObject({
      code: "invalid-option",
      message: expect.stringMatching(message),
    });
  });

  it("opens its connection when the body is read, and closes it when the body is cancelled", async () => {
    const response = await streamAgUi(post(inputOf()), stream);
    expect(stream.stats().connections).toBe(0);
    const reader = new Reader(response);
    await reader.until(isType("STATE_SNAPSHOT"));
    expect(stream.stats().connections).toBe(1);
    await reader.cancel();
    expect(stream.stats().connections).toBe(0);
  });

  it("whose signal is aborted closes its connection", async () => {
    const left = new AbortController();
    const request = new Request("http://localhost/agent", { method: "POST", body: inputOf(), signal: left.signal });
    const reader = new Reader(await streamAgUi(request, stream));
    await reader.until(isType("STATE_SNAPSHOT"));
    left.abort();
    expect(stream.stats().connections).toBe(0);
  });

  it("takes the input that a body parser has read, and checks it", async () => {
    const request = post("");
    const good = await streamAgUi(request, stream, { input: JSON.parse(inputOf()) });
    const [started] = await new Reader(good).until(isType("RUN_STARTED"));
    expect(started?.event).toEqual({ type: "RUN_STARTED", threadId: "t1", runId: "r1" });
    expect((await streamAgUi(post(""), stream, { input: {} })).status).toBe(400);
  });
});

describe("GET", () => {
  it("follows with the ids of the query, or draws them", async () => {
    const stream = createStateStream({ initialState: { count: 1 } });
    const get = async (query: string): Promise<unknown> => {
      const response = await streamAgUi(new Request(`http://localhost/agent${query}`), stream);
      const reader = new Reader(response);
      const [started] = await reader.until(isType("RUN_STARTED"));
      await reader.cancel();
      return started?.event;
    };
    expect(await get("?threadId=t&runId=r")).toEqual({ type: "RUN_STARTED", threadId: "t", runId: "r" });
    const [one, two] = [await get(""), await get("")] as { threadId: string; runId: string }[];
    expect(one?.threadId).toMatch(/^[\da-f-]{36}$/);
    expect(new Set([one?.threadId, one?.runId, two?.threadId, two?.runId]).size).toBe(4);
  });

  it("narrows the slices as the query says, within what is allowed", async () => {
    const stream = createStateStream({ initialState: { a: 1, b: 2, secret: 3 } });
    const request = new Request("http://localhost/agent?slices=b&slices=secret");
    const frames = await new Reader(await streamAgUi(request, stream, { slices: ["a", "b"] })).until(
      isType("STATE_SNAPSHOT"),
    );
    expect(frames.at(-1)?.event).toEqual({ type: "STATE_SNAPSHOT", snapshot: { b: 2 } });
  });

  it("does not call the agent", async () => {
    const stream = createStateStream({ initialState: { a: 1 } });
    let calls = 0;
    const options = { run: async () => void calls++ };
    const reader = new Reader(await streamAgUi(new Request("http://localhost/agent"), stream, options));
    await reader.until(isType("STATE_SNAPSHOT"));
    expect(calls).toBe(0);
  });
});

describe("an end", () => {
  const ended = async (
    end: (stream: WritableStateStream<{ a: number }>) => void,
    options: Parameters<typeof streamAgUi>[2] = {},
  ): Promise<unknown[]> => {
    const stream = createStateStream({ initialState: { a: 1 } });
    const response = await streamAgUi(post(inputOf()), stream, options);
    const reader = new Reader(response);
    const before = await reader.until(isType("STATE_SNAPSHOT"));
    end(stream);
    const after = await reader.until(({ event }) => event.type === "RUN_FINISHED" || event.type === "RUN_ERROR");
    return [...before, ...after].slice(2).map(({ event }) => event);
  };

  it("for closed is RUN_FINISHED", async () => {
    expect(await ended((stream) => void stream.close())).toEqual([
      { type: "RUN_FINISHED", threadId: "t1", runId: "r1" },
    ]);
  });

  it.each(["draining", "max-age", "expired", "revoked", "overloaded", "unavailable"] as const)(
    "for %s is RUN_ERROR with that code",
    async (reason) => {
      const end = await ended((stream) => {
        for (const connection of stream.connections) connection.end(reason);
      });
      expect(end).toEqual([{ type: "RUN_ERROR", message: expect.any(String), code: reason }]);
    },
  );

  it("comes after what was pending", async () => {
    const end = await ended((stream) => {
      stream.set("a", 2);
      void stream.close();
    });
    expect(end).toMatchObject([
      { type: "STATE_DELTA", delta: [{ op: "add", path: "/a", value: 2 }] },
      { type: "RUN_FINISHED" },
    ]);
  });

  it("of a stream that is closed for good is 200 with RUN_STARTED and RUN_FINISHED", async () => {
    const stream = createStateStream({ initialState: { a: 1 } });
    await stream.close({ retry: false });
    let calls = 0;
    const response = await streamAgUi(post(inputOf()), stream, { run: async () => void calls++ });
    expect(response.status).toBe(200);
    expect(typesOf(framesOf(await response.text()))).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
    expect(calls).toBe(0);
  });

  it("of a client that is revoked already is RUN_STARTED and RUN_ERROR, and shows nothing", async () => {
    const stream = createStateStream({ initialState: { a: 1 } });
    const response = await streamAgUi(post(inputOf()), stream, { revoked: AbortSignal.abort() });
    const frames = framesOf(await response.text());
    expect(frames.map(({ event }) => [event.type, event["code"]])).toEqual([
      ["RUN_STARTED", undefined],
      ["RUN_ERROR", "revoked"],
    ]);
  });

  it("of a stream that takes no more connections calls no agent", async () => {
    const stream = createStateStream({ initialState: { a: 1 }, maxConnections: 1 });
    const first = new Reader(await streamAgUi(post(inputOf()), stream));
    await first.until(isType("STATE_SNAPSHOT"));
    let calls = 0;
    const response = await streamAgUi(post(inputOf()), stream, { run: async () => void calls++ });
    const frames = framesOf(await response.text());
    expect(frames.at(-1)?.event).toMatchObject({ type: "RUN_ERROR", code: "overloaded" });
    expect(calls).toBe(0);
  });
});
