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
export function watchForDirect(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
): (first: Uint8Array) => Promise<boolean> {
  let readByServer = false;
  const getReader = body.getReader.bind(body) as () => ReadableStreamDefaultReader<Uint8Array>;
  Object.defineProperty(body, "getReader", {
    configurable: true,
    value: () => {
      readByServer = true;
      return getReader();
    },
  });
  return (first) => {
    // A patched write is somebody's who wants to see what is written: the server's own way leads there.
    if (!readByServer || Object.hasOwn(outgoing, "write")) return Promise.resolve(false);
    return new Promise((resolve) => {
      const write = outgoing.write.bind(outgoing) as (...args: unknown[]) => boolean;
      const decide = (intact: boolean): void => {
        // Once only: whoever writes next must find the response as it was.
        delete (outgoing as { write?: unknown }).write;
        clearTimeout(timer);
        resolve(intact);
      };
      const timer = setTimeout(decide, ARRIVAL_MS, false);
      outgoing.write = (...args: unknown[]) => {
        decide(args[0] === first);
        return write(...args);
      };
    });
  };
}
