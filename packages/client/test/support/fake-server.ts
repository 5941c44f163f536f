import type { HeartbeatEvent, StateEndEvent, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import { vi } from "vitest";

export type Sent<Event extends { readonly type: string }> = Partial<Omit<Event, "type" | "timestamp">>;

function frame(type: string, data: object, id: string | undefined): string {
  const json = JSON.stringify({ type, timestamp: 0, ...data });
  return `event: ${type}\ndata: ${json}\n${id === undefined ? "" : `id: ${id}\n`}\n`;
}

/** What a server says, as text. The seq is the position in the ID too, as on the wire, though in base 10 for its readers. */
export const say = {
  initial: (slices: object, seq: number, more: Sent<StateInitialEvent> = {}): string =>
    frame("state.initial", { slices, reason: "connect", seq, heartbeatMs: 15_000, ...more }, `e.${seq}`),
  update: (slice: string, seq: number, base: number, change: Sent<StateUpdateEvent>): string =>
    frame("state.update", { slice, seq, base, ...change }, `e.${seq}`),
  heartbeat: (seq: number, head: number, more: Sent<HeartbeatEvent> = {}): string =>
    frame("heartbeat", { seq, head, heartbeatMs: 15_000, ...more }, `e.${seq}`),
  end: (reason: StateEndEvent["reason"], retry: boolean): string => frame("state.end", { reason, retry }, undefined),
};

/** One request that a client made, and what a test answers. */
export class FakeRequest {
  readonly url: URL;
  readonly headers: Headers;
  readonly credentials: RequestCredentials | undefined;
  readonly signal: AbortSignal;
  /** When it was made. */
  readonly at: number = Date.now();
  readonly response: Promise<Response>;
  #settle!: { readonly resolve: (response: Response) => void; readonly reject: (error: Error) => void };
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(url: string, { headers, credentials, signal }: RequestInit) {
    this.url = new URL(url);
    this.headers = new Headers(headers);
    this.credentials = credentials;
    this.signal = signal as AbortSignal;
    this.response = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.signal.addEventListener("abort", () => {
      this.#settle.reject(new DOMException("aborted", "AbortError"));
      this.#body?.error(new DOMException("aborted", "AbortError"));
      this.#body = undefined;
    });
  }

  get lastEventId(): string | null {
    return this.headers.get("last-event-id");
  }

  answer(status: number, headers: Record<string, string> = {}, body: BodyInit | null = null): void {
    this.#settle.resolve(new Response(body, { status, headers }));
  }

  /** Answers with a stream, and begins it. */
  async open(...texts: string[]): Promise<void> {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.#body = controller) });
    this.answer(200, { "content-type": "text/event-stream" }, body as BodyInit);
    await this.send(...texts);
  }

  /** One chunk. */
  async send(...texts: string[]): Promise<void> {
    this.#body?.enqueue(new TextEncoder().encode(texts.join("")));
    await settled();
  }

  /** The response ends in order. */
  async end(): Promise<void> {
    this.#body?.close();
    this.#body = undefined;
    await settled();
  }

  /** The request fails, or the connection breaks. */
  async fail(): Promise<void> {
    this.#settle.reject(new TypeError("fetch failed"));
    this.#body?.error(new TypeError("terminated"));
    this.#body = undefined;
    await settled();
  }
}

/** A server that does what a test says, and a `fetch` that reaches it. */
export class FakeServer {
  readonly requests: FakeRequest[] = [];
  readonly fetch = ((url: string, init: RequestInit) => {
    const request = new FakeRequest(url, init);
    this.requests.push(request);
    return request.response;
  }) as typeof fetch;

  get last(): FakeRequest {
    return this.requests.at(-1) as FakeRequest;
  }
}

/** Lets what is ready happen; time stands still. For tests with fake timers. */
export async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}
