import type { Handler } from "../handler.ts";

/** One of the two streams that are compared. */
export interface Contender {
  /** Answers a client with the stream. */
  readonly connect: (request: Request) => Response;
  /** Sends one frame to every client. `bytes` is the size that a bare stream must give its frames. */
  readonly tick: (bytes: number) => void;
}

/** Between two frames: long enough for every client to read the first. */
const TICK_MS = 4;

/** Serves the stream at `/`; `/ticks?frames=&bytes=` answers when that many frames have been sent. */
export function createTicks({ connect, tick }: Contender): Handler {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/ticks") return connect(request);
    for (let left = Number(searchParams.get("frames")); left > 0; left--) {
      tick(Number(searchParams.get("bytes")));
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    return new Response("done");
  };
}
