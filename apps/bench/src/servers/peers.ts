import { createServer } from "node:http";
import { fastifySSE } from "@fastify/sse";
import { getRequestListener } from "@hono/node-server";
import { createChannel, createSession } from "better-sse";
import fastJsonPatch from "fast-json-patch";
import fastify from "fastify";
import { Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Operation } from "@statestream/core";
import type { Board, Change } from "./board.ts";
import type { Contender, ContenderOptions } from "./contender.ts";
import { idOf, snapshotOf, updateOf } from "./protocol.ts";

/** better-sse: one channel on node:http. */
function betterSse(board: Board): Contender {
  const channel = createChannel();
  const server = createServer((req, res) => {
    void createSession(req, res).then((session) => {
      session.push(snapshotOf(board.state, board.seq), "state.initial", idOf(board.seq));
      channel.register(session);
    });
  });
  return {
    server,
    publish: (change) => void channel.broadcast(updateOf(change), "state.update", { eventId: idOf(change.seq) }),
  };
}

async function fastifySse(board: Board): Promise<Contender> {
  const listeners = new Set<(change: Change) => void>();
  const app = fastify();
  await app.register(fastifySSE);
  app.get("/", { sse: "only" }, async (_request, reply) => {
    reply.sse.keepAlive();
    const send = ({ seq, operations }: Change): void =>
      // Rejected when the client has left.
      void reply.sse
        .send({ id: idOf(seq), event: "state.update", data: updateOf({ seq, operations }) })
        .catch(() => listeners.delete(send));
    const { seq } = board;
    listeners.add(send);
    await reply.sse.send({ id: idOf(seq), event: "state.initial", data: snapshotOf(board.state, seq) });
  });
  await app.ready();
  return {
    server: app.server,
    publish: (change) => listeners.forEach((send) => send(change)),
  };
}

/** A route of Hono's `streamSSE`, as its documentation shows it, that writes each change. */
function honoRoute(board: Board, opened: (stream: SSEStreamingApi) => (change: Change) => Promise<void>): Contender {
  const listeners = new Set<(change: Change) => Promise<void>>();
  const app = new Hono();
  app.get("/", (c) =>
    streamSSE(c, async (stream) => {
      const send = opened(stream);
      listeners.add(send);
      const left = new Promise<void>((resolve) => stream.onAbort(resolve));
      const snapshot = snapshotOf(board.state, board.seq);
      await stream.writeSSE({ event: "state.initial", data: JSON.stringify(snapshot), id: idOf(snapshot.seq) });
      await left;
      listeners.delete(send);
    }),
  );
  const listener = getRequestListener(app.fetch);
  return {
    server: createServer((req, res) => void listener(req, res)),
    publish: (change) => listeners.forEach((send) => void send(change)),
  };
}

/** `writeSSE` per connection, of operations that are known. */
const honoStreamSse = (board: Board): Contender =>
  honoRoute(board, (stream) => async (change) => {
    await stream.writeSSE({
      event: "state.update",
      data: JSON.stringify(updateOf(change)),
      id: idOf(change.seq),
    });
  });

/** The route that everybody writes: each connection compares the states itself. */
const naive = (board: Board): Contender =>
  honoRoute(board, (stream) => {
    let previous = board.state;
    return async ({ seq, state }) => {
      const operations = fastJsonPatch.compare(previous, state) as Operation[];
      previous = state;
      await stream.writeSSE({
        event: "state.update",
        data: JSON.stringify(updateOf({ seq, operations })),
        id: idOf(seq),
      });
    };
  });

const peers: Readonly<Record<string, (board: Board) => Contender | Promise<Contender>>> = {
  "better-sse": betterSse,
  "fastify-sse": fastifySse,
  "hono-stream-sse": honoStreamSse,
  naive,
};

export function contend(board: Board, { kind = "" }: ContenderOptions): Contender | Promise<Contender> {
  const peer = peers[kind];
  if (peer === undefined) throw new Error(`No such peer: ${kind}`);
  return peer(board);
}
