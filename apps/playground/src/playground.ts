import { createStateStream, type StateStream } from "@statestream/core";
import { answerApi, withPosition } from "./api.ts";
import { createBoard, initialBoard } from "./board.ts";
import { createFlood } from "./flood.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { answerPage, type Page } from "./pages.ts";
import type { PlaygroundState, PlaygroundStream } from "./state.ts";
import { readSystem, startSystem } from "./system.ts";
import { createTypist, initialTranscript, startTypist, type Text } from "./transcript.ts";

/** Everything but the framework: it serves `stream` at GET /events, and sends what `answer` says for the rest. */
export interface Playground {
  readonly stream: StateStream<PlaygroundState>;
  /** What the response of the stream says of who serves it. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
  /** Starts what changes by itself. */
  start(): void;
  /** Stops that, and ends every connection. */
  close(): Promise<void>;
}

/** One that has its state in this process. */
export interface OwnPlayground extends Playground {
  readonly stream: PlaygroundStream;
}

export interface PlaygroundOptions {
  /** What is typed out, over and over. */
  readonly text: Text;
  /** The files of the page by their path. */
  readonly pages: ReadonlyMap<string, Page>;
  /** How soon clients come back. */
  readonly retryMs?: number;
}

/** More often than usual, so that who tries the stream by hand soon sees one. */
export const HEARTBEAT_MS = 5000;
/** Sooner than usual: a demonstration has few clients, and somebody who watches it come back. */
const RETRY_MS = 500;

export function createPlayground({ text, pages, retryMs = RETRY_MS }: PlaygroundOptions): OwnPlayground {
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
      if (!request.path.startsWith("/api/")) return answerPage(pages, request);
      return withPosition(answerApi({ board, flood }, request), stream.eventId);
    },
    start() {
      stops = [startSystem(stream, () => stream.stats()), startTypist(type)];
    },
    async close() {
      // Before the stream closes: a closed stream takes no changes.
      for (const stop of stops) stop();
      flood.stop();
      await stream.close({ reason: "draining" });
    },
  };
}
