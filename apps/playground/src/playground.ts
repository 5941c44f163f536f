import { createStateStream } from "@statestream/core";
import { answerApi } from "./api.ts";
import { createBoard, initialBoard } from "./board.ts";
import { createFlood } from "./flood.ts";
import { type HttpRequest, type HttpResponse, json, methodNotAllowed, notFound } from "./http.ts";
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

export interface PlaygroundOptions {
  /** What is typed out, over and over. */
  readonly text: { readonly title: string; readonly content: string };
  /** The files of the page by their path. */
  readonly pages: ReadonlyMap<string, HttpResponse>;
  /** How soon clients come back. */
  readonly retryMs?: number;
}

/** More often than usual, so that who tries the stream by hand soon sees one. */
const HEARTBEAT_MS = 5000;
/** Sooner than usual: a demonstration has few clients, and somebody who watches it come back. */
const RETRY_MS = 500;

export function createPlayground({ text, pages, retryMs = RETRY_MS }: PlaygroundOptions): Playground {
  const stream = createStateStream<PlaygroundState>({
    initialState: {
      board: initialBoard(),
      system: readSystem({ connections: 0, bytesWritten: 0 }, 0),
      transcript: initialTranscript(text.title),
    },
    heartbeatMs: HEARTBEAT_MS,
    retryMs,
  });
  const board = createBoard(stream);
  const flood = createFlood(stream);
  const type = createTypist(stream, text.content);
  let stops: readonly (() => void)[] = [];

  return {
    stream,
    answer(request) {
      const { method, path } = request;
      if (path.startsWith("/api/")) return answerApi({ board, flood }, request);
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
      flood.stop();
      await stream.close({ reason: "draining" });
    },
  };
}
