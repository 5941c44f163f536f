import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { listen } from "@statestream/conformance";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { expect, onTestFinished, test } from "vitest";
import { type Box, isInstalled, startBox } from "./support/box.ts";
import { caddy, haproxy, nginx, varnish } from "./support/boxes.ts";

const http11 = ["proxy_http_version 1.1;", 'proxy_set_header Connection "";'];
const ignore = "proxy_ignore_headers X-Accel-Buffering;";

const atOnce: Readonly<Record<string, Box>> = {
  "nginx as it is": nginx(),
  "nginx with HTTP/1.1 to the server": nginx(...http11),
  "nginx that ignores X-Accel-Buffering, with proxy_buffering off": nginx(ignore, "proxy_buffering off;"),
  "nginx that ignores X-Accel-Buffering, with HTTP/1.1 to the server": nginx(ignore, ...http11),
  "nginx with gzip for event streams": nginx("gzip on;", "gzip_types text/event-stream;", "gzip_proxied any;"),
  Caddy: caddy(),
  "Caddy with encode gzip": caddy("encode gzip"),
  HAProxy: haproxy(),
  "HAProxy with compression": haproxy("compression algo gzip", "compression type text/event-stream"),
  Varnish: varnish(),
  "Varnish that pipes the route": varnish("sub vcl_recv { return (pipe); }"),
};

const late: Readonly<Record<string, Box>> = {
  "nginx that ignores X-Accel-Buffering": nginx(ignore),
  "Varnish that compresses": varnish("sub vcl_backend_response { set beresp.do_gzip = true; }"),
  "Varnish that does not stream": varnish("sub vcl_backend_response { set beresp.do_stream = false; }"),
};

/** How long an event may take. What holds one back does so until there are kilobytes, or the response ends. */
const EVENT_MS = 3000;

/** Two clients read a stream through a box; whether each of three changes reaches both before the next is made. */
async function delivers(box: Box): Promise<boolean> {
  const stream = createStateStream({ initialState: { n: 0 } });
  const server = await listen((req, res) => void writeStateStream(req, res, stream));
  onTestFinished(async () => {
    await stream.close();
    await server.close();
  });
  const port = await startBox(box, Number(new URL(server.url).port));
  const clients = [await follow(port), await follow(port)];
  for (let n = 1; n <= 3; n++) {
    stream.set("n", n);
    const arrived = await Promise.all(clients.map((client) => client.has(`"seq":${n}`)));
    if (arrived.includes(false)) return false;
  }
  return true;
}

async function follow(port: number): Promise<{ has(text: string): Promise<boolean> }> {
  const headers = { "accept-encoding": "gzip" };
  const request = get({ host: "127.0.0.1", port, path: "/events", agent: false, headers });
  onTestFinished(() => void request.destroy());
  request.on("error", () => undefined);
  let text = "";
  const answered = (once(request, "response") as Promise<[IncomingMessage]>).then(([response]) => {
    response.on("error", () => undefined);
    const body = response.headers["content-encoding"] === "gzip" ? response.pipe(createGunzip()) : response;
    body.on("error", () => undefined);
    body.on("data", (chunk) => (text += String(chunk)));
  });
  // A box that holds back may hold back the head too.
  await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, EVENT_MS))]);
  return {
    async has(wanted) {
      const end = performance.now() + EVENT_MS;
      while (!text.includes(wanted) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
      return text.includes(wanted);
    },
  };
}

for (const [name, box] of Object.entries(atOnce)) {
  test.skipIf(!isInstalled(box))(
    `${name} delivers each event at once (where ${box.program} is installed)`,
    async () => {
      expect(await delivers(box)).toBe(true);
    },
    30_000,
  );
}

for (const [name, box] of Object.entries(late)) {
  test.skipIf(!isInstalled(box))(
    `${name} holds events back (where ${box.program} is installed)`,
    async () => {
      expect(await delivers(box)).toBe(false);
    },
    30_000,
  );
}
