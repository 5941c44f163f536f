import type { StateStream } from "@statestream/core";
import { webBody } from "@statestream/core/fetch";
import { answerAgUi } from "./answer.ts";
import type { AgUiOptions } from "./options.ts";
import { readText } from "./run-input.ts";

export type { AgUiOptions } from "./options.ts";
export { writeAgUi } from "#write";

/**
 * Answers a request of an AG-UI client with a stream, for every runtime and framework that turns a `Request` into a
 * `Response`: a POST with a RunAgentInput begins a run, a GET follows. Call it inside your own handler: routing,
 * authorization and 404 stay yours. Bad input is answered with 400 and an oversized body with 413, as JSON.
 *
 * The client gets RUN_STARTED, a STATE_SNAPSHOT and one STATE_DELTA for each commit, with event IDs from which
 * `StateStreamAgent` resumes. A stream that is `closed` ends the run with RUN_FINISHED, everything else with RUN_ERROR and
 * its reason as `code`.
 *
 * @example
 * app.post("/agent", (c) => streamAgUi(c.req.raw, stream, { messages: "messages", run: (input) => answer(input) }));
 *
 * @throws {StateStreamError} `invalid-option`, as a rejection
 */
export async function streamAgUi(request: Request, stream: StateStream, options: AgUiOptions = {}): Promise<Response> {
  const { method, url, headers: given } = request;
  const lastEventId = given.get("last-event-id") ?? undefined;
  const text = async (): Promise<string | undefined> =>
    request.bodyUsed || request.body === null ? "" : readText(request.body);
  const { status, headers, body } = await answerAgUi({ method, url, lastEventId, text }, stream, options)();
  return new Response(typeof body === "function" ? webBody(() => body(request.signal)) : body, { status, headers });
}
