import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { forward } from "../../src/cluster/forward.ts";
import { freePort } from "@statestream/redis-server";
import { HOST } from "../../src/cluster/ports.ts";
import { readBody } from "../../src/http.ts";

async function leader(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, HOST);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const REQUEST = { method: "PATCH", path: "/api/tasks/task-1", body: '{"title":"Ä"}' };

test("asks the leader below its own path, and hands its answer on", async () => {
  const port = await leader((req, res) => {
    void readBody(req).then((body) => {
      res.writeHead(405, { "content-type": "application/json", allow: "POST", "x-other": "1" });
      res.end(JSON.stringify([req.method, req.url, body]));
    });
  });
  expect(await forward(REQUEST, port)).toEqual({
    status: 405,
    headers: { "content-type": "application/json", allow: "POST" },
    body: JSON.stringify(["PATCH", "/leader/api/tasks/task-1", REQUEST.body]),
  });
});

test("an answer without a body has none", async () => {
  const port = await leader((_req, res) => res.writeHead(204).end());
  expect(await forward({ method: "DELETE", path: "/api/tasks/task-1", body: "" }, port)).toEqual({
    status: 204,
    headers: {},
    body: null,
  });
});

test.each<[string, RequestListener]>([
  ["does not lead", (_req, res) => res.writeHead(421).end("{}")],
  ["dies before it answers", (_req, res) => res.destroy()],
  [
    "dies while it answers",
    (_req, res) => {
      res.writeHead(200, { "content-length": "10" }).write("{");
      setImmediate(() => res.destroy());
    },
  ],
])("there is no answer from a node that %s", async (_name, listener) => {
  expect(await forward(REQUEST, await leader(listener))).toBeUndefined();
});

test("there is no answer where nobody listens", async () => {
  expect(await forward(REQUEST, await freePort())).toBeUndefined();
});
