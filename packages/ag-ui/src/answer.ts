import { answerRequest, type StateStream } from "@statestream/core";
import type { ByteSource } from "@statestream/core/fetch";
import type { RunAgentInput } from "@ag-ui/core";
import { type AgUiOptions, checkOptions } from "./options.ts";
import { AgUiRun } from "./run.ts";
import { type Asked, askedBy, checkInput } from "./run-input.ts";

/** What is known of a request. */
export interface AgUiRequest {
  readonly method: string;
  readonly url: string;
  readonly lastEventId: string | undefined;
  /** The text of the body; `undefined` where it is too large. */
  readonly text: () => Promise<string | undefined>;
}

/** What to answer, whatever the framework. */
export interface AgUiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body, or where its bytes come from. */
  readonly body: string | ((signal?: AbortSignal) => ByteSource) | undefined;
}

/**
 * The answer to a request. The options are checked at once, the request later.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function answerAgUi(request: AgUiRequest, stream: StateStream, options: AgUiOptions): () => Promise<AgUiAnswer> {
  checkOptions(options);
  const { messages: conversation, input: given, run, ...connection } = options;
  const { method, url, lastEventId } = request;
  // A POST follows like a GET, once its input has been read.
  const answer = answerRequest(stream, { method: method === "POST" ? "GET" : method, url, lastEventId }, connection);
  const query = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : "");
  // A client that does not follow the conversation is sent no messages, not a conversation without any.
  const isFollowed = [connection.slices, query.has("slices") ? query.getAll("slices") : undefined].every(
    (slices) => slices === undefined || slices.includes(conversation ?? ""),
  );
  const messages = isFollowed ? conversation : undefined;

  const respond = (input: RunAgentInput | undefined): AgUiAnswer => ({
    status: 200,
    headers: answer.headers,
    body: (signal) => {
      const { connect } = answer;
      const refused = connection.revoked?.aborted === true ? "revoked" : "closed";
      return new AgUiRun({
        stream,
        messages,
        run,
        input,
        connect: connect === undefined ? refused : (more) => connect(signal, more),
        lastEventId: lastEventId || query.get("lastEventId") || undefined,
        ids: {
          threadId: input?.threadId ?? (query.get("threadId") || crypto.randomUUID()),
          runId: input?.runId ?? (query.get("runId") || crypto.randomUUID()),
        },
      }).body;
    },
  });

  return async () => {
    if (method === "HEAD" || method === "OPTIONS") {
      return { status: method === "HEAD" ? 200 : 204, headers: answer.headers, body: undefined };
    }
    if (method === "GET") return respond(undefined);
    if (method !== "POST")
      return refusal(405, "method", "AG-UI takes POST, and GET to follow.", { allow: "GET, HEAD, OPTIONS, POST" });
    const asked: Asked = given === undefined ? askedBy(await request.text()) : checkInput(given);
    return "input" in asked ? respond(asked.input) : refusal(asked.status, asked.code, asked.message);
  };
}

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): AgUiAnswer {
  const body = JSON.stringify({ error: { code, message } });
  return { status, headers: { "content-type": "application/json", "cache-control": "no-store", ...headers }, body };
}
