import type { StateEvent } from "@statestream/core";
import { describe, expect, test, vi } from "vitest";
import { StateClientError } from "../src/errors.ts";
import { readStream } from "../src/transport.ts";
import { say } from "./support/fake-server.ts";

interface Heard {
  readonly events: [StateEvent, string | undefined, string][];
  readonly retries: number[];
  bytes: number;
}

const ignoring = { onBytes: () => {}, onRetry: () => {}, onEvent: () => {} };

const stream = { "content-type": "text/event-stream" };

function bodyOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function read(
  response: Response | Error,
  heard: Heard = { events: [], retries: [], bytes: 0 },
): Promise<Heard & { error?: StateClientError }> {
  const fetch = (): Promise<Response> =>
    response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  const request = {
    url: "http://server.test/events",
    headers: new Headers(),
    credentials: undefined,
    fetch,
    signal: new AbortController().signal,
  };
  try {
    await readStream(request, {
      onBytes: (count) => void (heard.bytes += count),
      onRetry: (ms) => heard.retries.push(ms),
      onEvent: (event, id, data) => heard.events.push([event, id, data]),
    });
    return heard;
  } catch (error) {
    // As the client takes it: what is neither an answer nor the network is damage.
    const known = error instanceof StateClientError ? error : new StateClientError("protocol", String(error));
    return { ...heard, error: known };
  }
}

function readText(text: string): ReturnType<typeof read> {
  return read(new Response(text, { headers: stream }));
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe("events", () => {
  const text = `retry: 1234\n${say.initial({ "é\u2028😀": 1 }, 5)}${say.update("a", 6, 5, { value: "ü" })}`;
  const whole = bytes(text);

  test("come with their id and the text of their data, after the retry line", async () => {
    const { events, retries, bytes: count } = await readText(text);
    expect(retries).toStrictEqual([1234]);
    expect(events.map(([event, id]) => [event.type, id])).toStrictEqual([
      ["state.initial", "e.5"],
      ["state.update", "e.6"],
    ]);
    const data = text.split("\n").filter((line) => line.startsWith("data: "));
    expect(events.map(([, , data]) => data)).toStrictEqual(data.map((line) => line.slice("data: ".length)));
    expect(count).toBe(whole.length);
  });

  test("are the same wherever the bytes are split", async () => {
    const { events } = await readText(text);
    for (let at = 0; at <= whole.length; at++) {
      const parts = bodyOf(whole.slice(0, at), whole.slice(at));
      const heard = await read(new Response(parts as BodyInit, { headers: stream }));
      expect([at, heard.events]).toStrictEqual([at, events]);
    }
    const single = bodyOf(...Array.from(whole, (byte) => Uint8Array.of(byte)));
    expect((await read(new Response(single as BodyInit, { headers: stream }))).events).toStrictEqual(events);
  });

  test("are complete or not there: a cut anywhere gives those whose blank line came", async () => {
    const { events } = await readText(text);
    const blank = [...text.matchAll(/\n\n/g)].map(({ index }) => bytes(text.slice(0, index)).length + 2);
    for (let at = 0; at < whole.length; at++) {
      const heard = await read(new Response(whole.slice(0, at), { headers: stream }));
      expect([at, heard.events]).toStrictEqual([at, events.slice(0, blank.filter((end) => end <= at).length)]);
    }
  });

  test("of names that the protocol does not have are ignored, whatever they carry", async () => {
    const text = `event: state.later\ndata: {\nid: e.9\n\ndata: {}\n\nevent: toString\ndata: x\n\n: comment\n\n`;
    expect(await readText(text)).toMatchObject({ events: [] });
    expect((await readText(text + say.heartbeat(5, 5))).events).toHaveLength(1);
  });

  const framed = (name: string, data: string, id = "id: e.1\n"): string => `event: ${name}\ndata: ${data}\n${id}\n`;

  test.each([
    framed("heartbeat", "{"),
    framed("heartbeat", "null"),
    framed("heartbeat", '{"type":"state.end","seq":1,"head":1}'),
    framed("heartbeat", '{"type":"heartbeat","seq":1}'),
    framed("heartbeat", '{"type":"heartbeat","seq":1,"head":"1"}'),
    framed("heartbeat", '{"type":"heartbeat","seq":-1,"head":1}'),
    framed("heartbeat", '{"type":"heartbeat","seq":1.5,"head":1}'),
    framed("heartbeat", '{"type":"heartbeat","seq":1e99,"head":1}'),
    framed("state.initial", '{"type":"state.initial","slices":[],"seq":1}'),
    framed("state.initial", '{"type":"state.initial","slices":null,"seq":1}'),
    framed("state.initial", '{"type":"state.initial","slices":{}}'),
    framed("state.update", '{"type":"state.update","slice":1,"seq":2,"base":1,"value":1}'),
    framed("state.update", '{"type":"state.update","slice":"a","base":1,"value":1}'),
    framed("state.update", '{"type":"state.update","slice":"a","seq":2,"value":1}'),
    framed("state.end", '{"type":"state.end","reason":"closed"}'),
    // Without a position the copy would move on and its position would not.
    framed("heartbeat", '{"type":"heartbeat","seq":1,"head":1}', ""),
    framed("heartbeat", '{"type":"heartbeat","seq":1,"head":1}', "id:\n"),
    framed("heartbeat", '{"type":"heartbeat","seq":1,"head":1}', "id: e\0.1\n"),
    framed("state.initial", '{"type":"state.initial","slices":{},"seq":1}', ""),
    framed("state.update", '{"type":"state.update","slice":"a","seq":2,"base":1,"value":1}', ""),
  ])("of names that the protocol has must carry what it says, not %j", async (text) => {
    const { events, error } = await readText(text + say.heartbeat(5, 5));
    expect(error).toMatchObject({ code: "protocol" });
    expect(events).toStrictEqual([]);
  });

  test("may be a first state.end, which has no id", async () => {
    const { events } = await readText(say.end("overloaded", true));
    expect(events.map(([event, id]) => [event.type, id])).toStrictEqual([["state.end", undefined]]);
  });

  test("with bytes that are not UTF-8 are damage, not text", async () => {
    const text = say.initial({ name: "xy" }, 5);
    const damaged = Uint8Array.from(bytes(text));
    damaged[text.indexOf("xy")] = 0xff;
    const { error, events } = await read(new Response(damaged, { headers: stream }));
    expect(error).toMatchObject({ code: "protocol" });
    expect(events).toStrictEqual([]);
  });

  test("what the handler throws ends the reading and cancels the response", async () => {
    const cancel = vi.fn<() => void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes(say.heartbeat(5, 5) + say.heartbeat(6, 6))),
      cancel,
    });
    const seen: string[] = [];
    const heard = {
      events: { push: (event: unknown[]) => (seen.push(String(event[1])), fail()) },
      retries: [],
      bytes: 0,
    };
    const fail = (): never => {
      throw new StateClientError("resync", "enough");
    };
    const { error } = await read(new Response(body as BodyInit, { headers: stream }), heard as unknown as Heard);
    expect(error).toMatchObject({ code: "resync" });
    expect(seen).toStrictEqual(["e.5"]);
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});

describe("an answer", () => {
  test.each<[number, string]>([
    [204, "ended"],
    [400, "refused"],
    [403, "refused"],
    [404, "refused"],
    [410, "refused"],
    [401, "http"],
    [408, "http"],
    [421, "http"],
    [425, "http"],
    [429, "http"],
    [500, "http"],
    [502, "http"],
    [503, "http"],
    [504, "http"],
    [206, "not-a-stream"],
    [304, "not-a-stream"],
  ])("of %i is %s, also where it says that it is a stream", async (status, code) => {
    const body = [204, 304].includes(status) ? null : "x";
    const { error } = await read(new Response(body, { status, headers: stream }));
    expect(error).toMatchObject({ code, httpStatus: status });
  });

  test.each(["text/html", "application/json", "", "text/event-streams", "x/text/event-stream"])(
    "of 200 and content type '%s' is no stream",
    async (type) => {
      const { error } = await read(new Response(say.heartbeat(5, 5), { headers: { "content-type": type } }));
      expect(error).toMatchObject({ code: "not-a-stream", httpStatus: 200 });
    },
  );

  test.each(["text/event-stream", "text/event-stream;charset=utf-8", "Text/Event-Stream ; charset=UTF-8"])(
    "of 200 and content type '%s' is a stream",
    async (type) => {
      const { events } = await read(new Response(say.heartbeat(5, 5), { headers: { "content-type": type } }));
      expect(events).toHaveLength(1);
    },
  );

  test("of 200 without a body is no stream", async () => {
    expect((await read(new Response(null, { headers: stream }))).error).toMatchObject({ code: "not-a-stream" });
  });

  test.each<[string, number | undefined]>([
    ["120", 120_000],
    ["0", undefined],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 2015 00:00:00 GMT", undefined],
    ["soon", undefined],
  ])("with Retry-After: %s asks for %s ms", async (value, ms) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ["Date"] });
    const { error } = await read(new Response("", { status: 503, headers: { "retry-after": value } }));
    vi.useRealTimers();
    expect(error?.retryAfterMs).toBe(ms);
  });

  test("that is not wanted is cancelled, whatever the cancelling gives", async () => {
    const cancel = vi.fn<() => Promise<void>>(() => Promise.reject(new Error("no")));
    const { error } = await read(new Response(new ReadableStream({ cancel }), { status: 500 }));
    expect(error).toMatchObject({ code: "http" });
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});

test("a request that fails is a network error", async () => {
  const cause = new TypeError("fetch failed");
  const { error } = await read(cause);
  expect(error).toMatchObject({ code: "network", cause });
});

test("a connection that breaks is a network error, after what came", async () => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      pulls++ === 0 ? controller.enqueue(bytes(say.heartbeat(5, 5))) : controller.error(new TypeError("terminated")),
  });
  const { error, events } = await read(new Response(body as BodyInit, { headers: stream }));
  expect(events).toHaveLength(1);
  expect(error).toMatchObject({ code: "network" });
});

test("requests an event stream that no cache stores, with the headers, the credentials and the signal given", async () => {
  const { signal } = new AbortController();
  const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.reject(new Error("enough")));
  const headers = new Headers({ authorization: "Bearer x" });
  const url = "http://server.test/events";
  const reading = readStream({ url, headers, credentials: "include", fetch, signal }, ignoring);
  await expect(reading).rejects.toMatchObject({ code: "network" });
  const init = fetch.mock.lastCall?.[1];
  expect(fetch.mock.lastCall?.[0]).toBe(url);
  expect(init).toMatchObject({ cache: "no-store", credentials: "include" });
  expect(init?.signal).toBe(signal);
  expect([...new Headers(init?.headers)]).toStrictEqual([
    ["accept", "text/event-stream"],
    ["authorization", "Bearer x"],
  ]);
});

test("an abort ends the reading", async () => {
  const controller = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (stream) => controller.signal.addEventListener("abort", () => stream.error(controller.signal.reason)),
  });
  const request = {
    url: "http://server.test/events",
    headers: new Headers(),
    credentials: undefined,
    fetch: () => Promise.resolve(new Response(body as BodyInit, { headers: stream })),
    signal: controller.signal,
  };
  const reading = readStream(request, ignoring);
  controller.abort();
  await expect(reading).rejects.toMatchObject({ code: "network" });
});

test("an abort ends the reading and cancels the body, also where fetch ignores the signal", async () => {
  const controller = new AbortController();
  const cancel = vi.fn<() => void>();
  const body = new ReadableStream<Uint8Array>({ cancel });
  const reading = readStream(
    {
      url: "http://server.test/events",
      headers: new Headers(),
      credentials: undefined,
      fetch: () => Promise.resolve(new Response(body as BodyInit, { headers: stream })),
      signal: controller.signal,
    },
    ignoring,
  );
  await new Promise((resolve) => setTimeout(resolve));
  controller.abort();
  await reading;
  expect(cancel).toHaveBeenCalledTimes(1);
});

test("an answer that arrives after the abort is not read, where fetch ignores the signal", async () => {
  const controller = new AbortController();
  const seen: unknown[] = [];
  controller.abort();
  await readStream(
    {
      url: "http://server.test/events",
      headers: new Headers(),
      credentials: undefined,
      fetch: () => Promise.resolve(new Response(say.heartbeat(5, 5), { headers: stream })),
      signal: controller.signal,
    },
    { ...ignoring, onBytes: (count) => seen.push(count), onEvent: (event) => seen.push(event) },
  );
  expect(seen).toStrictEqual([]);
});
