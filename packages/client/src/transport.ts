import type { StateEvent } from "@statestream/core";
import { createParser } from "eventsource-parser";
import { StateClientError } from "./errors.ts";

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

/** The longest event, in UTF-16 units: a server that never ends a line must not take the page's memory. */
const MAX_EVENT_SIZE = 512 * 1024 * 1024;

/**
 * Reads a stream until it ends. What the handler throws ends it too.
 *
 * @throws {StateClientError} `network`, `http`, `refused`, `ended`, `not-a-stream`, `protocol`
 */
export async function readStream(request: StreamRequest, handler: StreamHandler): Promise<void> {
  const response = await send(request);
  check(response);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  // The server sends nothing but UTF-8, so bytes that are not were damaged on the way.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parser = createParser({
    maxBufferSize: MAX_EVENT_SIZE,
    onRetry: (ms) => handler.onRetry(ms),
    onEvent: ({ event, data, id }) => {
      const parsed = parse(event, data, id);
      if (parsed !== undefined) handler.onEvent(parsed, id && ownText(id), data);
    },
  });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new StateClientError("network", "The connection broke.", { cause });
      });
      if (done) return;
      handler.onBytes(value.length);
      parser.feed(decode(decoder, value));
    }
  } finally {
    // However it ended: nobody reads on.
    reader.cancel().catch(() => {});
  }
}

/** The same text in memory of its own: a part of a larger text keeps all of that alive, here everything that came with it. */
function ownText(part: string): string {
  return part.split("").join("");
}

function decode(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new StateClientError("protocol", "What came is not UTF-8.", { cause });
  }
}

async function send({ url, headers, credentials, fetch, signal }: StreamRequest): Promise<Response> {
  headers.set("accept", "text/event-stream");
  try {
    return await fetch(url, {
      headers,
      signal,
      cache: "no-store",
      ...(credentials === undefined ? {} : { credentials }),
    });
  } catch (cause) {
    throw new StateClientError("network", "The request failed.", { cause });
  }
}

/** Statuses of 4xx that may pass; 401 with other headers. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 421, 425, 429]);

function check(response: Response): void {
  const { status: httpStatus } = response;
  const type = response.headers.get("content-type") ?? "";
  if (httpStatus === 200 && /^text\/event-stream\b/i.test(type) && response.body !== null) return;
  // Its end is not waited for, and does not matter.
  response.body?.cancel().catch(() => {});
  if (httpStatus === 204)
    throw new StateClientError("ended", "The server says that the stream is over.", { httpStatus });
  if (httpStatus >= 400 && httpStatus < 500 && !PASSING.has(httpStatus)) {
    throw new StateClientError("refused", `The server refused the request with ${httpStatus}.`, { httpStatus });
  }
  if (httpStatus >= 400) {
    const retryAfterMs = retryAfter(response.headers.get("retry-after"));
    throw new StateClientError("http", `The server answered ${httpStatus}.`, { httpStatus, retryAfterMs });
  }
  throw new StateClientError("not-a-stream", `The answer is ${httpStatus} ${type}, not an event stream.`, {
    httpStatus,
  });
}

/** Milliseconds, from seconds or a date (RFC 9110, section 10.2.3). */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function parse(name: string | undefined, data: string, id: string | undefined): StateEvent | undefined {
  const isValid = name === undefined ? undefined : checks.get(name);
  // Names the protocol does not have yet are for clients to come.
  if (isValid === undefined) return undefined;
  try {
    const event = JSON.parse(data) as Record<string, unknown>;
    // A copy that moves on without its position would resume from the wrong one. An end moves nothing.
    const isPlaced = (id ?? "") !== "" || name === "state.end";
    if (event["type"] === name && isPlaced && isValid(event)) return event as unknown as StateEvent;
  } catch {
    // Said below, the same as of any event that is none.
  }
  throw new StateClientError("protocol", `An event named ${name} does not carry one.`);
}

const checks = new Map<string, (event: Record<string, unknown>) => boolean>([
  ["state.initial", ({ slices, seq }) => isObject(slices) && isSeq(seq)],
  ["state.update", ({ slice, seq, base }) => typeof slice === "string" && isSeq(seq) && isSeq(base)],
  ["heartbeat", ({ seq, head }) => isSeq(seq) && isSeq(head)],
  ["state.end", ({ reason, retry }) => typeof reason === "string" && typeof retry === "boolean"],
]);

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSeq(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
