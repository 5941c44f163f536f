import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connection, StateStream, StreamStateOptions } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";

/**
 * Answers a request of Express 4 or 5 with a stream, inside your own handler: routing, authorization and 404 stay yours.
 * Headers set before the call are kept. Returns the connection, or `undefined` where there is none: HEAD, and a stream
 * that is closed for good.
 *
 * @example
 * app.get("/events", (req, res) => {
 *   streamState(req, res, stream);
 * });
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function streamState(
  req: IncomingMessage,
  res: ServerResponse,
  stream: StateStream,
  options?: StreamStateOptions,
): Connection | undefined {
  return writeStateStream(req, res, stream, options);
}
