import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";

const page = readFileSync(new URL("../public/index.html", import.meta.url));
const stream = createStateStream({ initialState: { votes: { tea: 0, coffee: 0 } } });

const events: RequestListener = (req, res) => {
  writeStateStream(req, res, stream);
};

const vote =
  (drink: "tea" | "coffee"): RequestListener =>
  (_req, res) => {
    // A new object rather than a changed one: the stream compares it with the previous one, which it still holds.
    stream.set("votes", (votes) => ({ ...votes, [drink]: votes[drink] + 1 }), { type: "voted" });
    res.writeHead(204).end();
  };

const routes: Record<string, RequestListener> = {
  "GET /": (_req, res) => res.setHeader("content-type", "text/html; charset=utf-8").end(page),
  "GET /events": events,
  // The headers alone; no connection is opened.
  "HEAD /events": events,
  "POST /votes/tea": vote("tea"),
  "POST /votes/coffee": vote("coffee"),
};

const server = createServer((req, res) => {
  // Not new URL(), which throws on some of what clients send.
  const [path] = (req.url ?? "").split("?");
  const route = routes[`${req.method} ${path}`];
  if (route === undefined) res.writeHead(404).end("Not found.\n");
  else route(req, res);
});

server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

const stop = (): void => {
  server.close();
  // Without this the server would wait for its streams, which never end by themselves.
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
