import type { IncomingMessage, ServerResponse } from "node:http";
import { answerRequest, type StateStream, type StreamStateOptions } from "@statestream/core";
import { writeAnswer } from "@statestream/core/node";

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

/**
 * Answers a request of Koa 2 or 3 with a stream, inside your own middleware: routing, authorization and 404 stay yours.
 * Returns at once; the stream starts when every middleware has finished, so headers and cookies set after `next()`
 * reach the client too.
 *
 * @example
 * router.get("/events", (ctx) => streamState(ctx, stream));
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function streamState(ctx: StreamContext, stream: StateStream, options?: StreamStateOptions): void {
  const lastEventId = ctx.get("last-event-id") || undefined;
  const answer = answerRequest(stream, { method: ctx.method, url: ctx.url, lastEventId }, options);
  ctx.status = answer.status;
  Object.defineProperty(ctx, "respond", {
    configurable: true,
    // Koa asks this last of all, whether to write the response itself.
    get() {
      // Once, and without holding on to the answer for as long as the context lives.
      Object.defineProperty(ctx, "respond", { value: false, writable: true });
      // From here the response is ours: a socket that the client reset is no error of the application's.
      ctx.onerror = ignore;
      writeAnswer(ctx.res, answer);
      return false;
    },
  });
}

function ignore(): void {}
