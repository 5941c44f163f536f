import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { createStateStream, type StateStreamError } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { listen } from "@statestream/conformance";
import { afterEach, expect, test, vi } from "vitest";
import { open, request, type Wire } from "./support/wire.ts";

const open_: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open_.splice(0).reverse()) await each.close();
});

function wireTo(url: string): Wire {
  const wire = open(url, request());
  open_.push(wire);
  return wire;
}

test("an HTTP/2 client that cancels while the server still decides leaves no connection", async () => {
  const stream = createStateStream({ initialState: { n: 0 } });
  let decided: (() => void) | undefined;
  const server = http2.createServer((req, res) => {
    decided = () => writeStateStream(req as never, res as never, stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  open_.push({ close: () => (session.destroy(), server.close()) });
  const cancelled = session.request({ ":path": "/" });
  await vi.waitUntil(() => decided !== undefined);
  cancelled.close(http2.constants.NGHTTP2_CANCEL);
  await once(cancelled, "close");
  await new Promise((resolve) => setTimeout(resolve, 50));
  decided?.();
  await vi.waitUntil(() => stream.stats().connections === 0);
  expect(stream.stats().closed).toEqual({ disconnected: 1 });
});

test("an end that middleware holds back for longer than a client may take is still an end in order", async () => {
  const stream = createStateStream({ initialState: { n: 0 } });
  const mounted = await listen((req, res) => {
    // As express-session does while it stores the session.
    const end = res.end.bind(res) as () => typeof res;
    res.end = () => (setTimeout(end, 800), res);
    writeStateStream(req, res, stream);
  });
  open_.push(mounted);
  const wire = wireTo(mounted.url);
  await wire.until((text) => text.includes("state.initial"));
  await stream.close();
  expect(await wire.until((text) => text.endsWith("0\r\n\r\n"))).toContain("state.end");
});

test("a response that has been answered, or is a stream already, is refused with an error of ours", async () => {
  const stream = createStateStream({ initialState: { n: 0 } });
  const codes: string[] = [];
  const mounted = await listen((req, res) => {
    if (req.url === "/plain") res.end("plain");
    else writeStateStream(req, res, stream);
    try {
      writeStateStream(req, res, stream);
    } catch (error) {
      codes.push((error as StateStreamError).code);
    }
  });
  open_.push(mounted);
  const wire = wireTo(mounted.url);
  await wire.until((text) => text.includes("state.initial"));
  expect(stream.stats().connections).toBe(1);
  const plain = open(mounted.url, "GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n");
  open_.push(plain);
  await plain.until((text) => text.endsWith("plain"));
  expect(codes).toEqual(["response-started", "response-started"]);
});

test("headers that were set before an OPTIONS request is answered are kept", async () => {
  const stream = createStateStream({ initialState: { n: 0 } });
  const mounted = await listen((req, res) => {
    res.setHeader("access-control-allow-origin", "*");
    writeStateStream(req, res, stream);
  });
  open_.push(mounted);
  const response = await fetch(mounted.url, { method: "OPTIONS" });
  expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  expect(response.headers.get("content-type")).toBe(null);
});
