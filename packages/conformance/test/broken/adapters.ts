import { createServer, type ServerResponse } from "node:http";
import { listen, type Mount } from "@statestream/conformance";
import { answerRequest, type StreamAnswer } from "@statestream/core";
import { writeConnection, writeStateStream } from "@statestream/core/node";
import { mountWith, pump } from "./adapter.ts";
import { type Broken, mountOver } from "./broken.ts";
import { writing } from "./rewrite.ts";

const header =
  (name: string, value: string | undefined) =>
  (res: { statusCode: number; setHeader(name: string, value: string): unknown }, answer: StreamAnswer): void => {
    res.statusCode = answer.status;
    const headers = { ...answer.headers, [name]: value };
    for (const [key, content] of Object.entries(headers)) if (content !== undefined) res.setHeader(key, content);
  };

/** Splits what is written together into writes of its own, at each match. */
const splittingAt = (separator: RegExp): Mount =>
  mountOver((stream) =>
    writing(stream, () => (bytes) => {
      const parts = Buffer.from(bytes).toString("latin1").split(separator);
      return parts.map((part) => Buffer.from(part, "latin1"));
    }),
  );

/** Adapters that get HTTP wrong. */
export const brokenAdapters: readonly Broken[] = [
  {
    name: "says application/json",
    mount: mountWith({ headers: header("content-type", "application/json") }),
    caughtBy: ["status-and-headers", "snapshot-first"],
  },
  {
    name: "adds a charset to the content type",
    mount: mountWith({ headers: header("content-type", "text/event-stream; charset=utf-8") }),
    caughtBy: ["status-and-headers", "head-answers"],
  },
  {
    name: "leaves out no-transform",
    mount: mountWith({ headers: header("cache-control", "no-cache") }),
    caughtBy: ["status-and-headers"],
  },
  {
    name: "leaves out Incremental",
    mount: mountWith({ headers: header("incremental", undefined) }),
    caughtBy: ["status-and-headers"],
  },
  {
    name: "leaves out X-Accel-Buffering",
    mount: mountWith({ headers: header("x-accel-buffering", undefined) }),
    caughtBy: ["status-and-headers"],
  },
  {
    name: "sets Connection: keep-alive",
    mount: mountWith({ headers: header("connection", "keep-alive") }),
    caughtBy: ["no-connection-header"],
  },
  {
    name: "sets Transfer-Encoding: chunked",
    mount: mountWith({ headers: header("transfer-encoding", "chunked") }),
    caughtBy: ["no-connection-header"],
  },
  {
    name: "answers a stream with 201",
    mount: mountWith({
      headers(res, answer) {
        header("x-accel-buffering", "no")(res, answer);
        res.statusCode = 201;
      },
    }),
    caughtBy: ["status-and-headers", "head-answers", "http-1.0"],
  },
  {
    name: "never ends the answer to HEAD",
    mount: mountWith({ empty: (res, { status }) => void (status === 204 ? res.end() : res.write("")) }),
    caughtBy: ["head-leaves-nothing", "leave-listeners", "end-reuse"],
  },
  {
    name: "opens a connection for HEAD",
    mount: mountWith({
      empty(res, _, stream) {
        if (stream.closing === undefined) stream.connect();
        res.end();
      },
    }),
    caughtBy: ["head-leaves-nothing"],
  },
  {
    name: "answers OPTIONS like GET",
    mount: mountWith({
      answer: (stream, request, options) =>
        answerRequest(stream, request.method === "OPTIONS" ? { ...request, method: "GET" } : request, options),
    }),
    caughtBy: ["options-opens-nothing"],
  },
  {
    name: "does not look whether access was revoked",
    mount: mountWith({
      answer: (stream, request, options) => answerRequest(stream, request, { ...options, revoked: undefined }),
    }),
    caughtBy: ["revoked-before", "revoked-idle", "revoked-mid-event"],
  },
  {
    name: "answers HEAD like GET",
    mount: mountWith({
      answer: (stream, request, options) => answerRequest(stream, { ...request, method: "GET" }, options),
    }),
    caughtBy: ["head-answers", "head-leaves-nothing"],
  },
  {
    name: "goes on listening to a socket for each request",
    mount: mountWith({
      empty(res) {
        res.socket?.on("close", () => {});
        res.end();
      },
    }),
    caughtBy: ["leave-listeners"],
  },
  {
    name: "ignores what write answers",
    mount: mountWith({ write: (res, connection) => pump(res, connection, { deaf: true }) }),
    caughtBy: ["stalled-not-read-ahead"],
  },
  {
    name: "queues without bound",
    mount: mountWith({ write: (res, connection) => pump(res, connection, { readsAhead: true }) }),
    caughtBy: ["stalled-not-read-ahead"],
  },
  {
    name: "waits for the slowest client",
    mount: (stream, options) => {
      const lockstep = new Set<ServerResponse>();
      return mountWith({ write: (res, connection) => pump(res, connection, { lockstep }) })(stream, options);
    },
    caughtBy: ["stalled-alone"],
  },
  {
    name: "does not notice that clients leave",
    mount: mountWith({ write: (res, connection) => pump(res, connection, { leaks: true }) }),
    caughtBy: ["leave-idle", "leave-early", "leave-resumed", "leave-quietly", "leave-pipelined"],
  },
  {
    name: "notices that a client left only when it drains",
    mount: mountWith({
      write(res, connection) {
        res.on("drain", () => res.destroyed && connection.close());
        return pump(res, connection, { leaks: true, waitsForDrainOnly: true });
      },
    }),
    caughtBy: ["stalled-leaves", "leave-idle"],
  },
  {
    name: "does not cut off a client that stalls",
    mount: mountWith({ write: (res, connection) => pump(res, connection, { waitsForDrainOnly: true }) }),
    caughtBy: ["stalled-cut", "end-stalled-cut"],
  },
  {
    name: "never ends the response",
    mount: mountWith({ write: (res, connection) => pump(res, connection, { endless: true }) }),
    caughtBy: ["end-closed", "end-reuse", "http-1.0", "end-overloaded"],
  },
  {
    name: "cuts the response off where it should end",
    mount: mountWith({ write: (res, connection) => pump(res, connection, { abrupt: true }) }),
    caughtBy: ["end-closed", "end-reason", "end-reuse"],
  },
  {
    name: "closes the socket after the response",
    mount: mountWith({
      write(res, connection) {
        const { socket } = res;
        res.on("finish", () => socket?.end());
        writeConnection(res, connection);
      },
    }),
    caughtBy: ["end-reuse"],
  },
  {
    name: "logs each client that leaves",
    mount: mountWith({
      write(res, connection) {
        res.on("close", () => console.error("client left"));
        writeConnection(res, connection);
      },
    }),
    caughtBy: ["leave-quietly"],
  },
  {
    name: "writes line by line",
    mount: splittingAt(/(?<=\n)/),
    caughtBy: ["whole-events", "burst-one-write"],
  },
  {
    name: "writes event by event",
    mount: splittingAt(/(?<=\n\n)/),
    caughtBy: ["burst-one-write"],
  },
  {
    name: "takes headers of 4 KiB at most",
    mount: (stream, options) =>
      listen(createServer({ maxHeaderSize: 4096 }, (req, res) => void writeStateStream(req, res, stream, options))),
    caughtBy: ["reason-oversized"],
  },
  {
    name: "refuses a malformed id with 400",
    mount: mountWith({
      answer(stream, request, options) {
        const answer = answerRequest(stream, request, options);
        const id = request.lastEventId || new URLSearchParams(request.url.split("?")[1]).get("lastEventId");
        const malformed = id && !/^[\w-]{11}\.[\da-z]+(\.[\w-]{8})?$/.test(id);
        return malformed ? { ...answer, status: 400 as 200, connect: undefined } : answer;
      },
    }),
    caughtBy: ["reason-invalid-id", "reason-oversized", "reason-non-latin", "resume-header-wins"].slice(0, 3),
  },
  {
    name: "ends an old stream with 200 for ever",
    mount: mountWith({
      headers(res, answer) {
        header("x-accel-buffering", "no")(res, answer);
        res.statusCode = 200;
      },
    }),
    caughtBy: ["end-no-retry"],
  },
];
