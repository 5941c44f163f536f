import { createStateStream } from "@statestream/core";
import { answerApi } from "./api.ts";
import { createBoard, initialBoard } from "./board.ts";
import { type HttpRequest, type HttpResponse, json, methodNotAllowed, notFound } from "./http.ts";
import { readPages } from "./pages.ts";
import type { PlaygroundState, PlaygroundStream } from "./state.ts";
import { readSystem, startSystem } from "./system.ts";
import { createTypist, initialTranscript, startTypist } from "./transcript.ts";

/** Everything but the framework: it serves `stream` at GET /events, and sends what `answer` says for the rest. */
export interface Playground {
  readonly stream: PlaygroundStream;
  readonly answer: (request: HttpRequest) => HttpResponse;
  /** Starts what changes by itself. */
  start(): void;
  /** Stops that, and ends every connection. */
  close(): Promise<void>;
}

/** More often than usual, so that who tries the stream by hand soon sees one. */
const HEARTBEAT_MS = 5000;

export function createPlayground(text: { title: string; content: string }): Playground {
  const stream = createStateStream<PlaygroundState>({
    initialState: {
      board: initialBoard(),
      system: readSystem({ connections: 0, bytesWritten: 0 }, 0),
      transcript: initialTranscript(text.title),
    },
    heartbeatMs: HEARTBEAT_MS,
  });
  const board = createBoard(stream);
  const type = createTypist(stream, text.content);
  const pages = readPages();
  let stops: readonly (() => void)[] = [];

  return {
    stream,
    answer(request) {
      const { method, path } = request;
      if (path.startsWith("/api/")) return answerApi(board, request);
      const page = path === "/healthz" ? json(200, { ok: true }) : pages.get(path);
      if (page === undefined && path !== "/events") return notFound(path);
      const reads = method === "GET" || method === "HEAD";
      return page !== undefined && reads ? page : methodNotAllowed(method, ["GET", "HEAD"]);
    },
    start() {
      stops = [startSystem(stream), startTypist(type)];
    },
    async close() {
      // Before the stream closes: a closed stream takes no changes.
      for (const stop of stops) stop();
      await stream.close({ reason: "draining" });
    },
  };
}
