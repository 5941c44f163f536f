import type { IncomingMessage, ServerResponse } from "node:http";
import { answerRequest, StateStreamError, type StateStream, type StreamStateOptions } from "@statestream/core";
import { setHead, writeBody } from "@statestream/core/node";

/** What the adapter needs of a context of Koa 2 or 3. */
export interface StreamContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  readonly url: string;
  status: number;
  respond?: boolean | undefined;
  get(header: string): string;
  onerror(error: Error): void;
}

/** Contexts whose response is a stream. */
const streaming = new WeakSet<StreamContext>();

/**
 * Answers a request of Koa 2 or 3 with a stream, inside your own middleware: routing, authorization and 404 stay yours.
 * Returns at once; the stream starts when every middleware has finished, so headers and cookies set after `next()`
 * reach the client too.
 *
 * @example
 * router.get("/events", (ctx) => streamState(ctx, stream));
 *
 * @throws {StateStreamError} `invalid-option`; `response-started`, where the response has begun or is a stream already
 */
export function streamState(ctx: StreamContext, stream: StateStream, options?: StreamStateOptions): void {
  const lastEventId = ctx.get("last-event-id") || undefined;
  const answer = answerRequest(stream, { method: ctx.method, url: ctx.url, lastEventId }, options);
  if (streaming.has(ctx)) {
    throw new StateStreamError("response-started", "streamState was called twice for one request; call it once.");
  }
  // Now, in case the application sends the head itself; and again at the start, because Koa changes headers with the body.
  setHead(ctx.res, answer);
  ctx.status = answer.status;
  streaming.add(ctx);
  Object.defineProperty(ctx, "respond", {
    configurable: true,
    // Koa reads this last of all, to decide whether it writes the response itself.
    get() {
      // Koa reports what is thrown here as it reports every error: with 500 and an `error` event.
      if (!ctx.res.headersSent) setHead(ctx.res, answer);
      // Once, and without keeping the answer for as long as the context lives.
      Object.defineProperty(ctx, "respond", { value: false, writable: true });
      writeBody(ctx.res, answer);
      // From here on the response is the stream's: a socket that the client resets is no error of the application's.
      ctx.onerror = ignore;
      return false;
    },
    // For applications that set it to false themselves, as is usual for SSE.
    set: ignore,
  });
}

function ignore(): void {}
