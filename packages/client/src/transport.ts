import type { StateEvent } from "@statestream/core";
import { createParser } from "eventsource-parser";
import { StateClientError, type StateClientErrorCode } from "./errors.ts";

/** One request for a stream. */
export interface StreamRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly credentials: RequestCredentials | undefined;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

/** What a response says as it comes. */
export interface StreamHandler {
  /** Bytes have come; the connection lives. */
  onBytes(count: number): void;
  onRetry(ms: number): void;
  /** One event, complete, with the text of its data. */
  onEvent(event: StateEvent, id: string | undefined, data: string): void;
}

/**
 * Reads a stream until it ends. What the handler throws ends it too.
 *
 * @throws {StateClientError} `network`, `http`, `refused`, `ended`, `not-a-stream`, `protocol`. Anything else that it
 * throws, of JSON or UTF-8, is damage too
 */
export async function readStream(request: StreamRequest, handler: StreamHandler): Promise<void> {
  const body = bodyOf(await send(request).catch(toNetworkError));
  const reader = body.getReader();
  // The server sends nothing but UTF-8, so bytes that are not were damaged on the way.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parser = createParser({
    onRetry: (ms) => handler.onRetry(ms),
    onEvent: ({ event, data, id }) => {
      const parsed = parse(event, data, id);
      // The id in memory of its own: a part of a larger text keeps all of that alive, here everything that came with it.
      if (parsed !== undefined) handler.onEvent(parsed, id?.split("").join(""), data);
    },
  });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(toNetworkError);
      if (done) return;
      handler.onBytes(value.length);
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // However it ended: nobody reads on.
    reader.cancel().catch(() => {});
  }
}

async function send({ url, headers, credentials, fetch, signal }: StreamRequest): Promise<Response> {
  headers.set("accept", "text/event-stream");
  return fetch(url, { headers, signal, cache: "no-store", credentials } as RequestInit);
}

function toNetworkError(cause: unknown): never {
  throw new StateClientError("network", "The connection failed.", { cause });
}

/** Statuses of 4xx that may pass; 401 with other headers. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 421, 425, 429]);

function bodyOf({ status: httpStatus, headers, body }: Response): ReadableStream<Uint8Array> {
  const type = headers.get("content-type") ?? "";
  if (httpStatus === 200 && /^text\/event-stream\b/i.test(type) && body !== null) return body;
  // Its end is not waited for, and does not matter.
  body?.cancel().catch(() => {});
  let code: StateClientErrorCode = "not-a-stream";
  if (httpStatus === 204) code = "ended";
  else if (httpStatus >= 500 || PASSING.has(httpStatus)) code = "http";
  else if (httpStatus >= 400) code = "refused";
  throw new StateClientError(code, `The server answered ${httpStatus} ${type}.`, {
    httpStatus,
    retryAfterMs: retryAfter(headers.get("retry-after")),
  });
}

/** Milliseconds, from seconds or a date (RFC 9110, section 10.2.3). */
function retryAfter(value: string | null): number | undefined {
  const ms = Number(value) * 1000 || Date.parse(value ?? "") - Date.now();
  return ms > 0 ? ms : undefined;
}

function parse(name: string | undefined, data: string, id: string | undefined): StateEvent | undefined {
  const isValid = name === undefined ? undefined : checks.get(name);
  // Names the protocol does not have yet are for clients to come.
  if (isValid === undefined) return undefined;
  const event = JSON.parse(data) as Record<string, unknown>;
  // A copy that moves on without its position would resume from the wrong one. An end moves nothing.
  const isPlaced = (id ?? "") !== "" || name === "state.end";
  if (isPlaced && event["type"] === name && isValid(event)) return event as unknown as StateEvent;
  throw new StateClientError("protocol", `This is no ${name}.`);
}

const checks = new Map<string, (event: Record<string, unknown>) => boolean>([
  ["state.initial", ({ slices, seq }) => Object(slices) === slices && !Array.isArray(slices) && areSeqs(seq)],
  ["state.update", ({ slice, seq, base }) => typeof slice === "string" && areSeqs(seq, base)],
  ["heartbeat", ({ seq, head }) => areSeqs(seq, head)],
  ["state.end", ({ retry }) => typeof retry === "boolean"],
]);

function areSeqs(...values: unknown[]): boolean {
  return values.every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
}
