import { listenFetch } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";
import { expect, test } from "vitest";

const noCut = "a body can only end or fail, and a failing one is logged and reported to the client by runtimes";
describeAdapter("core/fetch", (stream, options) => listenFetch((request) => streamState(request, stream, options)), {
  fails: { "stalled-cut": noCut, "end-stalled-cut": noCut, "revoked-mid-event": noCut },
});

const stream = createStateStream({ initialState: { n: 0 } });
const connections = (): number => stream.stats().connections;

test("a response opens its connection when its body is first read, and closes it when the body is cancelled", async () => {
  const response = streamState(new Request("http://localhost/"), stream);
  expect([response.status, response.headers.get("content-type"), connections()]).toEqual([200, "text/event-stream", 0]);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^retry: /);
  expect(connections()).toBe(1);
  await reader.cancel();
  expect(connections()).toBe(0);
});

test("a request whose signal is aborted closes its connection, and the body ends", async () => {
  const client = new AbortController();
  const response = streamState(new Request("http://localhost/", { signal: client.signal }), stream);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  await reader.read();
  const waiting = reader.read();
  client.abort();
  expect((await waiting).done).toBe(true);
  expect(connections()).toBe(0);
});

test("a body that nobody reads any more is found by a heartbeat and the stall time", async () => {
  const short = createStateStream({ initialState: { n: 0 }, heartbeatMs: 50, maxStallMs: 50 });
  const { body } = streamState(new Request("http://localhost/"), short);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  await reader.read();
  expect(short.stats().connections).toBe(1);
  await expect.poll(() => short.stats().connections, { timeout: 2000 }).toBe(0);
});

test.each([
  ["HEAD", 200],
  ["OPTIONS", 204],
])("%s is answered with %i, without a body, and opens nothing", (method, status) => {
  const response = streamState(new Request("http://localhost/", { method }), stream);
  expect([response.status, response.body, connections()]).toEqual([status, null, 0]);
});
