import { Backoff } from "./backoff.ts";
import { dataFrame, frame, typeOf } from "./frames.ts";
import { OpenEntities } from "./open-entities.ts";
import { orSilence, readFrames } from "./read-frames.ts";
import { responseOf } from "./response-of.ts";

/** What to follow. */
export interface FollowRequest {
  readonly url: string;
  readonly request: (url: string, init: RequestInit, headers: Record<string, string>) => Promise<Response>;
  readonly ids: { readonly threadId: string; readonly runId: string };
  readonly signal: AbortSignal;
}

/** Assumed until the server has sent how often a heartbeat comes, in milliseconds. */
const DEFAULT_HEARTBEAT_MS = 15_000;

/** Ends after which the server expects the client back. */
const COME_BACK: ReadonlySet<unknown> = new Set(["draining", "max-age", "expired", "overloaded", "unavailable"]);

/** How many answers in a row that are no stream mean that the URL is wrong, where none has been one yet. */
const MAX_NOT_STREAMS = 5;

/** Statuses of 4xx that may pass. */
const PASSING: ReadonlySet<number> = new Set([408, 421, 425, 429]);

/** A response that never breaks: one run, made of as many connections as it takes. */
export function follow(request: FollowRequest): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([request.signal, left.signal]);
  return responseOf(new Follower(request, signal).frames(), () => left.abort());
}

/** What became of a connection. */
interface Outcome {
  /** The run is over. */
  readonly over?: true;
  /** The server ended the connection and expects the client back. */
  readonly inOrder?: true;
  readonly retryAfterMs?: number;
}

class Follower {
  readonly #request: FollowRequest;
  readonly #signal: AbortSignal;
  readonly #backoff = new Backoff();
  readonly #open = new OpenEntities();
  #lastEventId: string | undefined;
  #started = false;
  #notStreams = 0;
  /** The last answer was 401; the headers may be other ones by now. */
  #unauthorized = false;

  constructor(request: FollowRequest, signal: AbortSignal) {
    this.#request = request;
    this.#signal = signal;
  }

  async *frames(): AsyncGenerator<string> {
    for (;;) {
      const { over, inOrder = false, retryAfterMs = 0 } = yield* this.#attempt();
      if (over) return;
      this.#open.lose();
      await sleep(this.#backoff.waitMs(inOrder, retryAfterMs), this.#signal);
      if (this.#signal.aborted) return yield this.#error("abort");
    }
  }

  async *#attempt(): AsyncGenerator<string, Outcome> {
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#signal, attempt.signal]);
    try {
      const headers = { accept: "text/event-stream" };
      const request = this.#request.request(this.#url(), { signal, cache: "no-store" }, headers);
      const response = await orSilence(request, 2.5 * DEFAULT_HEARTBEAT_MS);
      const { status } = response;
      const type = response.headers.get("content-type") ?? "";
      if (status === 200 && response.body !== null && /^text\/event-stream\b/i.test(type)) {
        return yield* this.#read(response.body, signal);
      }
      response.body?.cancel().catch(() => undefined);
      return yield* this.#refused(status, Number(response.headers.get("retry-after")) * 1000);
    } catch {
      return {};
    } finally {
      // Some implementations of fetch leave the connection open otherwise.
      attempt.abort();
    }
  }

  async *#refused(status: number, retryAfterMs: number): AsyncGenerator<string, Outcome> {
    const isLast = status === 401 && this.#unauthorized;
    this.#unauthorized = status === 401;
    // A page of a proxy, or an answer that was cut in its headers: browsers give what there was of them.
    const isNoStream = status < 400;
    const isWrong = isNoStream && this.#lastEventId === undefined && ++this.#notStreams >= MAX_NOT_STREAMS;
    const mayPass = isNoStream ? !isWrong : status >= 500 || PASSING.has(status) || (status === 401 && !isLast);
    if (mayPass) return { retryAfterMs: retryAfterMs > 0 ? retryAfterMs : 0 };
    yield this.#error(isNoStream ? "not-a-stream" : `http-${status}`);
    return { over: true };
  }

  async *#read(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string, Outcome> {
    this.#unauthorized = false;
    /** The events of the commit under way: a connection that is lost in the middle of it sends all of it again. */
    const commit: string[] = [];
    for await (const { data, id, retryMs } of readFrames(body, DEFAULT_HEARTBEAT_MS, signal)) {
      if (retryMs !== undefined) this.#backoff.retryMs = retryMs;
      if (data !== undefined) commit.push(data);
      const type = data === undefined ? undefined : typeOf(data);
      if (type === "RUN_ERROR" && mayComeBack(data)) return { inOrder: true };
      const over = type === "RUN_ERROR" || type === "RUN_FINISHED";
      if (id === undefined && !over && type !== "RUN_STARTED") continue;
      if (id !== undefined) {
        // A copy: as a slice of a larger string it would keep the whole chunk in memory.
        this.#lastEventId = id.split("").join("");
        this.#backoff.worked();
      }
      const text = commit
        .splice(0)
        .map((event) => this.#receive(event))
        .join("");
      if (text !== "") yield text;
      if (over) return { over: true };
    }
    return {};
  }

  /** The frames of an event for the reader, for whom all connections are one run. */
  #receive(data: string): string {
    const type = typeOf(data);
    if (type !== "RUN_STARTED") return this.#open.receive(type, data);
    if (this.#started) return "";
    this.#started = true;
    return dataFrame(data);
  }

  #error(code: string): string {
    return frame({ type: "RUN_ERROR", message: `The stream is not followed any more: ${code}.`, code });
  }

  #url(): string {
    const { url, ids } = this.#request;
    const query = new URLSearchParams({ threadId: ids.threadId, runId: ids.runId });
    if (this.#lastEventId !== undefined) query.set("lastEventId", this.#lastEventId);
    const [target = ""] = url.split("#");
    return `${target}${target.includes("?") ? "&" : "?"}${query.toString()}`;
  }
}

function mayComeBack(data: string | undefined): boolean {
  return data !== undefined && COME_BACK.has((JSON.parse(data) as { code?: unknown }).code);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(ms, 2 ** 31 - 1));
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  });
}
