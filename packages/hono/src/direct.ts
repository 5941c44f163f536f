import type { ServerResponse } from "node:http";

/** The Node response behind a context of @hono/node-server; `undefined` on other runtimes. */
export function outgoingOf(env: unknown): ServerResponse | undefined {
  const outgoing = (env as { outgoing?: ServerResponse } | undefined)?.outgoing;
  return typeof outgoing?.write === "function" && typeof outgoing.once === "function" ? outgoing : undefined;
}

/** How long a chunk that the server has read may take to reach the response, in milliseconds. */
const ARRIVAL_MS = 100;

/**
 * Finds out whether a body's chunks reach the Node response as they are: the server must take the body's own reader, and
 * write the very chunk that was given. With compression, clones and transforms they do not.
 */
export class DirectWatch {
  readonly #outgoing: ServerResponse;
  #readByServer = false;

  constructor(body: ReadableStream<Uint8Array>, outgoing: ServerResponse) {
    this.#outgoing = outgoing;
    Object.defineProperty(body, "getReader", {
      configurable: true,
      value: () => {
        this.#readByServer = true;
        delete (body as { getReader?: unknown }).getReader;
        return body.getReader();
      },
    });
  }

  /** Tells of the first chunk, as soon as it is known, whether it was written as it was given; not within this call. */
  expect(first: Uint8Array, decided: (intact: boolean) => void): void {
    const outgoing = this.#outgoing;
    // A patched write is somebody's who wants to see what is written: the server's own way leads there.
    if (!this.#readByServer || Object.hasOwn(outgoing, "write")) {
      queueMicrotask(() => decided(false));
      return;
    }
    const write = outgoing.write.bind(outgoing) as (...args: unknown[]) => boolean;
    const tap = (...args: unknown[]): boolean => {
      const room = write(...args);
      settle(args[0] === first);
      return room;
    };
    let settled = false;
    const settle = (intact: boolean): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      // Whoever writes next must find the response as it was.
      if (outgoing.write === tap) delete (outgoing as { write?: unknown }).write;
      decided(intact);
    };
    const timer = setTimeout(settle, ARRIVAL_MS, false);
    outgoing.write = tap;
  }
}
