import { afterEach, beforeEach, vi } from "vitest";

/** Each test of the file has timeouts that pass when it says so. */
export function fakeTimeouts(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** Lets everything happen that needs no timer. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => void setImmediate(resolve));
}

/** A `fetch` in this process whose responses can be cut off, as by a lost network. */
export class CuttableFetch {
  /** How many bytes the next response may carry. */
  limit = Infinity;
  /** Everything that arrived, for each response. */
  readonly texts: string[] = [];
  readonly urls: string[] = [];
  /** Whether a response breaks where it should end. */
  breaksAtEnd = false;
  readonly #answer: (request: Request) => Promise<Response>;
  #cut: (() => void) | undefined;
  #end: (() => void) | undefined;

  constructor(answer: (request: Request) => Promise<Response>) {
    this.#answer = answer;
  }

  /** Cuts the response that is under way. */
  cut(): void {
    this.#cut?.();
  }

  /** Ends the response that is under way, as a proxy may that has lost its server. */
  end(): void {
    this.#end?.();
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.urls.push(url);
    const index = this.texts.push("") - 1;
    const left = new AbortController();
    const { signal } = init;
    signal?.addEventListener("abort", () => left.abort());
    const response = await this.#answer(new Request(url, { ...init, signal: left.signal }));
    if (response.body === null || !response.ok) return response;
    let room = this.limit;
    this.limit = Infinity;
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#cut = () => {
            controller.error(new TypeError("network error"));
            void reader.cancel();
          };
          this.#end = () => {
            controller.close();
            void reader.cancel();
          };
        },
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done && this.breaksAtEnd) return controller.error(new TypeError("network error"));
          if (done) return controller.close();
          const part = value.subarray(0, room);
          room -= part.length;
          this.texts[index] += decoder.decode(part, { stream: true });
          controller.enqueue(part);
          if (room === 0) this.#cut?.();
        },
        cancel: () => reader.cancel(),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, response);
  };
}
