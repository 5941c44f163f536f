import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { listen, type Mount } from "@statestream/conformance";
import {
  answerRequest,
  type Connection,
  type StateStream,
  type StreamAnswer,
  type StreamStateOptions,
  type StreamRequest,
} from "@statestream/core";
import { writeConnection } from "@statestream/core/node";

/** The steps of an adapter, each of which can be replaced by a broken one. */
export interface Steps {
  /** What is made of the request. */
  request(req: IncomingMessage): StreamRequest;
  answer(stream: StateStream, request: StreamRequest, options: StreamStateOptions): StreamAnswer;
  headers(res: ServerResponse, answer: StreamAnswer): void;
  /** For HEAD and 204. */
  empty(res: ServerResponse, answer: StreamAnswer, stream: StateStream): void;
  write(res: ServerResponse, connection: Connection): unknown;
}

const RIGHT: Steps = {
  request: (req) => ({
    method: req.method ?? "",
    url: req.url ?? "",
    lastEventId: req.headers["last-event-id"]?.toString(),
  }),
  answer: answerRequest,
  headers(res, answer) {
    res.statusCode = answer.status;
    for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
  },
  empty: (res) => void res.end(),
  write: (res, connection) => writeConnection(res, connection),
};

/** A mount of an adapter for `node:http` with some of its steps broken. */
export function mountWith(steps: Partial<Steps>): Mount {
  const { request, answer, headers, empty, write } = { ...RIGHT, ...steps };
  return (stream, options) =>
    listen((req, res) => {
      const answered = answer(stream, request(req), options);
      headers(res, answered);
      if (answered.connect === undefined) return empty(res, answered, stream);
      if (res.socket !== null) res.flushHeaders();
      return write(res, answered.connect());
    });
}

/** What a first attempt at writing a connection looks like. */
export interface PumpFlaws {
  /** Writes on, whatever `write` answers. */
  readonly deaf?: boolean;
  /** Reads the connection as fast as it gives, and waits with the bytes. */
  readonly readsAhead?: boolean;
  /** Does not notice that the client has left. */
  readonly leaks?: boolean;
  /** Waits for `drain` only, which does not come when the client leaves. */
  readonly waitsForDrainOnly?: boolean;
  /** Does not end the response when the connection ends. */
  readonly endless?: boolean;
  /** Cuts the response off when the connection ends. */
  readonly abrupt?: boolean;
  /** Writes to nobody while somebody in here is blocked. */
  readonly lockstep?: Set<ServerResponse>;
}

export async function pump(res: ServerResponse, connection: Connection, flaws: PumpFlaws): Promise<void> {
  const left = new Promise<void>((resolve) => {
    if (!flaws.leaks) res.once("close", () => (connection.close(), resolve()));
  });
  const readable = (): Promise<void> => new Promise((resolve) => connection.onReadable(resolve));
  const waiting: Uint8Array[] = [];
  if (flaws.readsAhead) void readAhead(connection, waiting);
  for (;;) {
    const bytes = flaws.readsAhead ? waiting.shift() : connection.read();
    if (bytes !== undefined) {
      while (flaws.lockstep?.size) await new Promise((resolve) => setImmediate(resolve));
      if (res.write(bytes) || flaws.deaf) continue;
      flaws.lockstep?.add(res);
      const drained = once(res, "drain");
      await (flaws.waitsForDrainOnly ? drained : Promise.race([drained, left]));
      flaws.lockstep?.delete(res);
    } else if (connection.closed) {
      break;
    } else if (flaws.readsAhead) {
      await new Promise((resolve) => setImmediate(resolve));
    } else {
      await readable();
    }
  }
  if (flaws.abrupt) res.destroy();
  else if (!flaws.endless) res.end();
}

async function readAhead(connection: Connection, waiting: Uint8Array[]): Promise<void> {
  while (!connection.closed) {
    const bytes = connection.read();
    if (bytes === undefined) await new Promise<void>((resolve) => void connection.onReadable(resolve));
    else waiting.push(bytes);
  }
}
