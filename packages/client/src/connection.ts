import type { StateEvent } from "@statestream/core";
import { development } from "#development";
import { StateClientError } from "./errors.ts";
import { readStream, type StreamRequest } from "./transport.ts";

/** What a connection needs of its client. Once it is dropped, it calls none of these. */
interface Host {
  readonly request: (signal: AbortSignal) => Promise<StreamRequest>;
  /** The request is about to be sent. */
  readonly onRequest: () => void;
  readonly onBytes: (count: number) => void;
  readonly onRetry: (ms: number) => void;
  /** What it throws ends the connection. */
  readonly onEvent: (event: StateEvent, id: string | undefined, data: string) => void;
  /** It ended as the server announced, or failed with an error. */
  readonly onEnd: (error: StateClientError | undefined) => void;
}

/** The connection of a client, or the attempt at one: there is one at most. */
export class Connection {
  readonly #host: Host;
  #current: AbortController | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  get exists(): boolean {
    return this.#current !== undefined;
  }

  /** Takes the place of the one before. The function returned connects, unless it has been dropped by then. */
  next(): () => Promise<void> {
    this.drop();
    const current = new AbortController();
    this.#current = current;
    return async () => {
      if (this.#current === current) await this.#follow(current);
    };
  }

  drop(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.abort();
  }

  /** From its request to its end. */
  async #follow(current: AbortController): Promise<void> {
    const isCurrent = (): boolean => this.#current === current;
    let error: StateClientError | undefined;
    let inOrder = false;
    try {
      const request = await this.#host.request(current.signal);
      if (!isCurrent()) return;
      development?.track(request.url, current.signal);
      this.#host.onRequest();
      await readStream(request, {
        onBytes: (count) => {
          if (isCurrent()) this.#host.onBytes(count);
        },
        onRetry: (ms) => {
          if (isCurrent()) this.#host.onRetry(ms);
        },
        onEvent: (event, id, data) => {
          // A subscriber may have closed the client in the middle of a chunk.
          if (!isCurrent()) return;
          this.#host.onEvent(event, id, data);
          inOrder = event.type === "state.end";
        },
      });
      if (!inOrder) error = new StateClientError("network", "The connection failed.");
    } catch (cause) {
      error = cause instanceof StateClientError ? cause : new StateClientError("protocol", String(cause), { cause });
    }
    if (isCurrent()) this.#host.onEnd(error);
  }
}
