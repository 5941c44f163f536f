import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Connection, createStateStream } from "@statestream/core";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

const page = readFileSync(new URL("../public/index.html", import.meta.url));
const stream = createStateStream({ initialState: { note: "", edits: 0 } });

// Only a socket that asks for it is given anything but buffers.
const textOf = (message: RawData): string => (message as Buffer).toString();

const edit = (text: string): void => {
  // One commit, so that nobody sees the new text with the old count.
  stream.batch(() => {
    stream.set("note", text);
    stream.set("edits", (edits) => edits + 1);
  });
};

async function send(connection: Connection, socket: WebSocket): Promise<void> {
  for await (const { id, data } of connection) {
    // The next event when this one has left. Meanwhile nothing is queued: a slow client skips to the newest state.
    await new Promise<void>((resolve, reject) => {
      // `data` is JSON already, shared by all connections.
      socket.send(`{"id":${JSON.stringify(id)},"event":${data}}`, (error) => (error ? reject(error) : resolve()));
    });
  }
}

const server = createServer((_req, res) => res.setHeader("content-type", "text/html; charset=utf-8").end(page));
const sockets = new WebSocketServer({ server, path: "/events", maxPayload: 64 * 1024 });

sockets.on("connection", (socket) => {
  // The first message says where the client left off: the ID of the last event it has, or nothing.
  socket.once("message", (lastEventId) => {
    const connection = stream.connect({ lastEventId: textOf(lastEventId), onClose: () => socket.close() });
    socket.on("close", () => connection.close());
    socket.on("message", (text) => edit(textOf(text)));
    send(connection, socket).catch(() => connection.close());
  });
  // ws closes the socket after an error; without a listener, the process would end too.
  socket.on("error", () => {});
});

server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

const stop = (): void => {
  server.close();
  void stream.close({ reason: "draining" });
  // A client that does not answer the closing handshake is cut off.
  setTimeout(() => sockets.clients.forEach((socket) => socket.terminate()), 1000).unref();
};
process.once("SIGINT", stop).once("SIGTERM", stop);
