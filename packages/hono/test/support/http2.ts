import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { listen, type Mounted } from "@statestream/conformance";
import type { Hono } from "hono";

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS, NGHTTP2_CANCEL } = http2.constants;

/** Serves an app over HTTP/2, behind a proxy that speaks HTTP/1.1 to clients, as proxies do the other way round. */
export async function serveHttp2(app: Hono): Promise<Mounted> {
  const server = createAdaptorServer({ fetch: app.fetch, createServer: http2.createServer }) as http2.Http2Server;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const front = await listen((req, res) => {
    const { host: _, connection: __, ...headers } = req.headers;
    const stream = session.request({ ...headers, [HTTP2_HEADER_METHOD]: req.method, [HTTP2_HEADER_PATH]: req.url });
    res.on("close", () => stream.close(NGHTTP2_CANCEL));
    stream.on("error", () => res.destroy());
    stream.on("close", () => stream.readableEnded || res.destroy());
    stream.on("response", (answer) => {
      res.statusCode = Number(answer[HTTP2_HEADER_STATUS]);
      for (const [name, value] of Object.entries(answer)) {
        if (!name.startsWith(":") && value !== undefined) res.setHeader(name, value);
      }
      res.flushHeaders();
      stream.pipe(res);
    });
  });
  return {
    url: front.url,
    async close() {
      await front.close();
      session.destroy();
      server.close();
    },
  };
}
