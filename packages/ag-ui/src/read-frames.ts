import { createParser } from "eventsource-parser";

/** The longest delay that timers accept. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One part of a response: an event's data, a position, or the server's `retry:`. */
export interface Part {
  readonly data?: string;
  readonly id?: string | undefined;
  readonly retryMs?: number;
}

/**
 * The parts of a response as they arrive. Two and a half heartbeats without a byte count as a lost connection.
 *
 * @param heartbeatMs assumed until the server has sent how often a heartbeat comes
 * @throws anything, where the connection is lost or the signal aborted
 */
export async function* readFrames(
  body: ReadableStream<Uint8Array>,
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  let silenceMs = 2.5 * heartbeatMs;
  const parts: Part[] = [];
  const parser = createParser({
    onEvent: ({ data, id }) => parts.push({ data, id }),
    onRetry: (retryMs) => parts.push({ retryMs }),
    onComment: (comment) => {
      const [, ms, id] = /^ ?heartbeat (\d+)(?: (\S+))?$/.exec(comment) ?? [];
      if (ms === undefined) return;
      silenceMs = 2.5 * Number(ms);
      parts.push({ id });
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  // Some implementations of fetch ignore the signal.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await orSilence(reader.read(), silenceMs);
      signal.throwIfAborted();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* parts.splice(0);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Rejects where a promise takes too long. */
export async function orSilence<T>(promise: Promise<T>, ms: number): Promise<T> {
  if (ms === Infinity) return promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The connection is silent.")), Math.min(ms, MAX_TIMER_MS));
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
