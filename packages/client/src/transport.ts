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

/** Receives the parts of a response as they arrive. */
export interface StreamHandler {
  /** Bytes were received: the connection is alive. */
  onBytes(count: number): void;
  onRetry(ms: number): void;
  /** One event, complete, with the text of its data. */
  onEvent(event: StateEvent, id: string | undefined, data: string): void;
}

/**
 * Reads a stream until it ends or the signal is aborted. An exception of the handler ends it too.
 *
 * @throws {StateClientError} `network`, `http`, `refused`, `ended`, `not-a-stream`, `protocol`. Any other exception, of
 * JSON or UTF-8, means that the data is damaged
 */
export async function readStream(request: StreamRequest, handler: StreamHandler): Promise<void> {
  const response = await send(request).catch(toNetworkError);
  const { signal } = request;
  const reader = bodyOf(response).getReader();
  // Some implementations of fetch ignore the signal: without this, the connection would stay open and go on delivering.
  const cancel = (): void => void reader.cancel().catch(() => {});
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel);
  // The server sends nothing but UTF-8: other bytes were damaged on the way.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parser = createParser({
    onRetry: (ms) => handler.onRetry(ms),
    onEvent: ({ event, data, id }) => {
      const parsed = parse(event, data, id);
      // A copy of the id: as a slice of a larger string it would keep the whole chunk in memory.
      if (parsed !== undefined) handler.onEvent(parsed, id?.split("").join(""), data);
    },
  });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(toNetworkError);
      if (done || signal.aborted) return;
      handler.onBytes(value.length);
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

async function send({ url, headers, credentials, fetch, signal }: StreamRequest): Promise<Response> {
  headers.set("accept", "text/event-stream");
  return fetch(url, { headers, signal, cache: "no-store", credentials } as RequestInit);
}

function toNetworkError(cause: unknown): never {
  throw new StateClientError("network", "The connection failed.", { cause });
}

/** Statuses of 4xx that may pass; 401 may with other headers. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 421, 425, 429]);

function bodyOf({ status: httpStatus, headers, body }: Response): ReadableStream<Uint8Array> {
  const type = headers.get("content-type") ?? "";
  // Implementations of fetch that cannot stream have no body at all.
  if (httpStatus === 200 && /^text\/event-stream\b/i.test(type) && body) return body;
  body?.cancel().catch(() => {});
  let code: StateClientErrorCode = "not-a-stream";
  if (httpStatus === 204) code = "ended";
  else if (httpStatus >= 500 || PASSING.has(httpStatus)) code = "http";
  else if (httpStatus >= 400) code = "refused";
  const hint = code === "not-a-stream" ? " This is not an event stream: is the URL right?" : "";
  throw new StateClientError(code, `The server answered ${httpStatus} ${type}.${hint}`, {
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
  // Names that the protocol does not have yet are for later clients.
  if (isValid === undefined) return undefined;
  const event = JSON.parse(data) as Record<string, unknown>;
  // A copy that changed without its position would resume from the wrong one. An end changes nothing.
  const isPlaced = (id ?? "") !== "" || name === "state.end";
  if (isPlaced && event["type"] === name && isValid(event)) return event as unknown as StateEvent;
  throw new StateClientError("protocol", `Malformed event ${name}.`);
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
