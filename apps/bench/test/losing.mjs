import { createServer } from "node:http";

// Contenders that a benchmark must not believe. They speak PROTOCOL.md, and each fails some of its clients.

const frame = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** `kind`: "lost", the last client misses one update; "other", an update says something else than what happened. */
export function contend(board, { kind }) {
  const clients = [];
  const server = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    const slices = { board: board.state };
    res.write(frame({ type: "state.initial", slices, reason: "connect", seq: board.seq, timestamp: 0 }));
    clients.push(res);
  });
  return {
    server,
    publish({ seq, operations }) {
      const patches = kind === "other" && seq === 2 ? operations.slice(1) : operations;
      const update = { type: "state.update", slice: "board", seq, base: seq - 1, patches, timestamp: 0 };
      for (const client of clients) {
        if (kind === "lost" && seq === 2 && client === clients.at(-1)) continue;
        client.write(frame(update));
      }
    },
  };
}
