import { OutgoingMessage, type RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { listen, type Mounted } from "@statestream/conformance";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { afterEach, expect, test, vi } from "vitest";
import { watchWrites } from "../src/writes.ts";
import { chunksOf, open, request, type Wire } from "./support/wire.ts";

// ASCII only, so that characters are bytes.
let stream: WritableStateStream<{ n: number }>;
let responses: ServerResponse[];
const open_: (Wire | Mounted)[] = [];

async function serve(before: (res: ServerResponse) => void = () => {}, over?: RequestListener): Promise<string> {
  stream = createStateStream({ initialState: { n: 0 } });
  responses = [];
  const mounted = await listen((req, res) => {
    if (req.url === "/plain") return void res.end("plain");
    responses.push(res);
    before(res);
    if (over !== undefined) return over(req, res);
    writeStateStream(req, res, stream);
  });
  open_.push(mounted);
  return mounted.url;
}

async function follow(url: string, first = request()): Promise<Wire> {
  const wire = open(url, first);
  open_.push(wire);
  await wire.until((text) => text.includes("state.initial"));
  return wire;
}

function change(n: number): void {
  stream.set("n", n);
}

async function has(wire: Wire, n: number): Promise<string> {
  return wire.until((text) => text.includes(`"value":${n},`) && text.endsWith("\n\r\n"));
}

/** What is written to sockets and holds an update. */
function watchSockets(): { chunks: Buffer[]; stop: () => void } {
  const chunks: Buffer[] = [];
  const stop = watchWrites((chunk) => {
    if (chunk instanceof Buffer && chunk.includes("state.update")) chunks.push(chunk);
  });
  return { chunks, stop };
}

afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open_.splice(0).reverse()) await each.close();
});

test("what happens in one tick is one chunk, made once, and one write for each connection", async () => {
  const url = await serve();
  const wires = await Promise.all([1, 2, 3].map(() => follow(url)));
  const sockets = watchSockets();
  const concat = vi.spyOn(Buffer, "concat");
  for (let n = 1; n <= 64; n++) change(n);
  for (const wire of wires) await has(wire, 64);
  sockets.stop();
  expect(sockets.chunks).toHaveLength(3);
  expect(new Set(sockets.chunks).size).toBe(1);
  expect(sockets.chunks[0]?.toString()).toMatch(/^[\da-f]+\r\n[^]*\r\n$/);
  expect(concat.mock.calls).toHaveLength(1);
  for (const wire of wires)
    expect(
      chunksOf(wire.text)
        .at(-1)
        ?.match(/"type":"state.update"/g),
    ).toHaveLength(64);
});

test("a large snapshot arrives in whole chunks and leaves no listener on the socket", async () => {
  let before: number | undefined;
  const url = await serve((res) => (before = res.socket?.listenerCount("drain")));
  stream.set("n", "x".repeat(300_000) as never);
  const wire = open(url, request());
  open_.push(wire);
  await wire.until((text) => text.endsWith("\n\n\r\n"));
  expect(chunksOf(wire.text).join("").length).toBeGreaterThan(300_000);
  expect(responses[0]?.socket?.listenerCount("drain")).toBe(before);
});

test("after the stream the same socket serves the next request, and nothing is left on it", async () => {
  const url = await serve();
  const wire = open(url, "GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n");
  open_.push(wire);
  await wire.until((text) => text.endsWith("plain"));
  let counts: number[] | undefined;
  for (let round = 1; round <= 3; round++) {
    wire.send(request());
    await wire.until((text) => text.split("state.initial").length > 2 * round);
    const { socket } = responses.at(-1) as ServerResponse;
    change(round);
    await has(wire, round);
    const ended = stream.close();
    await wire.until((text) => text.endsWith("0\r\n\r\n"));
    await ended;
    wire.send("GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await wire.until((text) => text.endsWith("plain"));
    const now = (socket?.eventNames() ?? []).map((name) => (socket as Socket).listenerCount(name));
    counts ??= now;
    expect(now).toEqual(counts);
    stream = createStateStream({ initialState: { n: 0 } });
  }
});

test("a pipelined request gets its events when the response before it is over, in order", async () => {
  let finish: (() => void) | undefined;
  let turn = 0;
  const url = await serve(undefined, (req, res) => {
    if (turn++ > 0) return void writeStateStream(req, res, stream);
    finish = () => res.end("first");
  });
  const wire = open(url, request() + request());
  open_.push(wire);
  await vi.waitUntil(() => turn === 2);
  change(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(wire.text).toBe("");
  finish?.();
  await wire.until((text) => text.includes('"slices":{"n":1}'));
  change(2);
  await has(wire, 2);
  const [, first = "", second = ""] = wire.text.split("HTTP/1.1 200 OK");
  expect(first.endsWith("first")).toBe(true);
  const names = chunksOf(second)
    .join("")
    .match(/^retry|(?<=^event: ).*/gm);
  expect(names).toEqual(["retry", "state.initial", "state.update"]);
});

test("HTTP/1.0 gets a body without chunks", async () => {
  const wire = await follow(await serve(), request("", "1.0"));
  change(1);
  await wire.until((text) => text.includes(`"value":1,`));
  expect(wire.text).toMatch(/\r\n\r\nretry: \d+\nevent: state\.initial\n/);
});

for (const [what, target] of [
  ["OutgoingMessage.prototype", () => OutgoingMessage.prototype],
  ["ServerResponse.prototype", () => ServerResponse.prototype],
  ["the response", () => responses[0] as ServerResponse],
] as const) {
  test(`a write that is replaced on ${what} in mid-stream sees every byte from then on`, async () => {
    const wire = await follow(await serve());
    change(1);
    await has(wire, 1);
    const before = chunksOf(wire.text).length;
    const own = Object.getOwnPropertyDescriptor(target(), "write");
    const write = Reflect.get<OutgoingMessage, "write">(OutgoingMessage.prototype, "write");
    const seen: Buffer[] = [];
    (target() as { write: unknown }).write = function (this: OutgoingMessage, ...args: [Uint8Array]) {
      seen.push(Buffer.from(args[0]));
      return Reflect.apply(write, this, args) as boolean;
    };
    try {
      for (const n of [2, 3]) {
        change(n);
        await has(wire, n);
      }
    } finally {
      if (own === undefined) delete (target() as { write?: unknown }).write;
      else Object.defineProperty(target(), "write", own);
    }
    expect(seen.map(String)).toEqual(chunksOf(wire.text).slice(before));
    expect(seen).toHaveLength(2);
  });
}

test("a response that the application ends while its client is behind gets nothing after its end", async () => {
  const url = await serve();
  stream.set("n", "x".repeat(16 * 1024 * 1024) as never);
  const wire = open(url, request());
  open_.push(wire);
  await wire.until((text) => text.includes("state.initial"));
  wire.pause();
  // Until the socket takes no more: what is pending then is written when it drains.
  await vi.waitUntil(() => responses[0]?.socket?.writableNeedDrain === true, { interval: 5 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  responses[0]?.end();
  wire.resume();
  await wire.until((text) => text.endsWith("0\r\n\r\n"));
  await vi.waitUntil(() => stream.stats().connections === 0);
  wire.send("GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect((await wire.until((text) => text.endsWith("plain"))).slice(-300)).toMatch(
    /0\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*plain$/,
  );
});
