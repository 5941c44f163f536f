import type { IncomingMessage, ServerResponse } from "node:http";
import { type StateStream, StateStreamError } from "@statestream/core";
import { setHead, writeConnection } from "@statestream/core/node";
import { type AgUiAnswer, answerAgUi } from "./answer.ts";
import type { AgUiOptions } from "./options.ts";
import { readText } from "./run-input.ts";

/**
 * Answers a request of an AG-UI client with a stream, for `node:http`, Express, Koa and Fastify: as `streamAgUi`. Headers
 * set on the response before are kept. Resolves when the response is over, and never rejects. Where a body parser stands in
 * front, give what it has read as the option `input`.
 *
 * @example
 * app.post("/agent", (req, res) => writeAgUi(req, res, stream, { input: req.body, run: (input) => answer(input) }));
 *
 * @throws {StateStreamError} at once, not as a rejection: `invalid-option`; `response-started`, where the headers have been sent
 */
export function writeAgUi(
  req: IncomingMessage,
  res: ServerResponse,
  stream: StateStream,
  options: AgUiOptions = {},
): Promise<void> {
  if (res.headersSent || res.writableEnded) {
    throw new StateStreamError(
      "response-started",
      "The headers of the response have been sent, so it cannot become a run. Answer a request once, before anything else is written to its response.",
    );
  }
  const request = {
    method: req.method ?? "GET",
    url: req.url ?? "",
    lastEventId: req.headers["last-event-id"]?.toString(),
    // What a parser has read is gone, and would be waited for in vain.
    text: async () => (req.readableEnded ? "" : readText(req)),
  };
  return write(res, answerAgUi(request, stream, options));
}

async function write(res: ServerResponse, answer: () => Promise<AgUiAnswer>): Promise<void> {
  const over = new Promise<void>((resolve) => {
    res.once("close", resolve);
    if (res.destroyed) resolve();
  });
  try {
    send(res, await answer());
  } catch {
    // The client left while it sent its body, or something else has answered meanwhile.
    res.destroy();
  }
  return over;
}

function send(res: ServerResponse, { status, headers, body }: AgUiAnswer): void {
  setHead(res, { status: 200, headers, connect: undefined });
  res.statusCode = status;
  if (typeof body === "function") writeConnection(res, body());
  else res.end(body);
}
