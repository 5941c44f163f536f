import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { createStateStream, type StateStream } from "@statestream/core";
import { streamState } from "@statestream/fastify";
import { fastify, type FastifyInstance } from "fastify";
import { afterEach, expect, test } from "vitest";

const apps: FastifyInstance[] = [];
const streams: StateStream[] = [];
afterEach(async () => {
  await Promise.all(streams.splice(0).map((stream) => stream.close()));
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

function create(): StateStream {
  const stream = createStateStream({ initialState: { n: 0 } });
  streams.push(stream);
  return stream;
}

/** How many connections there have been: each begins with a snapshot. */
function opened(stream: StateStream): number {
  return Object.values(stream.stats().snapshots).reduce((sum, count) => sum + count, 0);
}

async function listening(app: FastifyInstance): Promise<string> {
  apps.push(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/events`;
}

/** Connects and waits for the first event. */
async function follow(url: string): Promise<IncomingMessage> {
  const [response] = (await once(get(url), "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  await once(response, "data");
  return response.resume();
}

test("app.close() returns within a second after stream.close()", async () => {
  const stream = create();
  const app = fastify();
  app.get("/events", (request, reply) => streamState(request, reply, stream));
  const url = await listening(app);
  await Promise.all(Array.from({ length: 20 }, () => follow(url)));
  const start = performance.now();
  await stream.close({ reason: "draining" });
  await app.close();
  expect(performance.now() - start).toBeLessThan(1000);
});

test("app.close() returns within a second when a preClose hook closes the stream", async () => {
  const stream = create();
  const app = fastify();
  app.get("/events", (request, reply) => streamState(request, reply, stream));
  app.addHook("preClose", () => stream.close({ reason: "draining" }));
  const url = await listening(app);
  await Promise.all(Array.from({ length: 20 }, () => follow(url)));
  const start = performance.now();
  await app.close();
  expect(performance.now() - start).toBeLessThan(1000);
});

test("a time limit for handlers does not end the stream, and onResponse hooks run when it is over", async () => {
  const stream = create();
  const app = fastify({ handlerTimeout: 50 });
  let responses = 0;
  app.addHook("onResponse", async () => void responses++);
  app.get("/events", (request, reply) => streamState(request, reply, stream));
  const response = await follow(await listening(app));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect([stream.stats().connections, response.complete, responses]).toEqual([1, false, 0]);
  await stream.close();
  await expect.poll(() => [response.complete, responses]).toEqual([true, 1]);
});

test("a client that leaves is no error in the log", async () => {
  const lines: string[] = [];
  const log = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) });
  const stream = create();
  const app = fastify({ logger: { level: "info", stream: log } });
  app.get("/events", (request, reply) => streamState(request, reply, stream));
  const url = await listening(app);
  const before = lines.length;
  const response = await follow(url);
  response.destroy();
  await expect.poll(() => stream.stats().connections).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(lines.slice(before).filter((line) => !line.includes('"incoming request"'))).toEqual([]);
});

test("the HEAD route that Fastify adds opens nothing and has no length", async () => {
  const stream = create();
  const app = fastify();
  app.get("/events", (request, reply) => streamState(request, reply, stream));
  const response = await fetch(await listening(app), { method: "HEAD" });
  expect([response.status, response.headers.get("content-type"), response.headers.get("content-length")]).toEqual([
    200,
    "text/event-stream",
    null,
  ]);
  expect(opened(stream)).toBe(0);
});

test("an error of an onSend hook is answered by Fastify, and no connection is opened", async () => {
  const stream = create();
  const app = fastify();
  app.addHook("onSend", async (_, reply) => {
    if (reply.statusCode === 200) throw new Error("refused");
  });
  app.get("/events", async (request, reply) => streamState(request, reply, stream));
  const response = await fetch(await listening(app));
  expect([response.status, opened(stream)]).toEqual([500, 0]);
});

test("a second call for one request throws response-started", async () => {
  const stream = create();
  const app = fastify();
  const codes: unknown[] = [];
  app.get("/events", (request, reply) => {
    streamState(request, reply, stream);
    try {
      streamState(request, reply, stream);
    } catch (error) {
      codes.push((error as { code: string }).code);
    }
  });
  await follow(await listening(app));
  expect([codes, stream.stats().connections]).toEqual([["response-started"], 1]);
});
