import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

// A client may pipeline requests (RFC 9112, section 9.3.2). Node then queues the responses: one gets the socket when the
// response before it is over, and until then it has none, and in Node 22 and older it does not even emit `close` when the
// socket is closed. So the socket of the request has to be watched.

/** What to do when a socket closes: one listener for all responses queued on it, or Node would warn of a leak. */
const watched = new WeakMap<Socket, Set<() => void>>();

/** Whether a response waits for those to earlier requests on its socket. */
export function isQueued(res: ServerResponse): boolean {
  return res.socket === null && !res.destroyed && !res.writableEnded && Boolean(res.req?.socket);
}

/** Whether the client of a response has left, or its response is over. */
export function hasLeft(res: ServerResponse): boolean {
  // A response of HTTP/2 has no `destroyed`, and its stream may have been closed before anybody listened.
  const { stream } = res as { stream?: { readonly closed: boolean } };
  return res.destroyed || res.writableEnded || stream?.closed === true || (isQueued(res) && res.req.socket.destroyed);
}

/** Calls `start` when a queued response gets its socket, or `leave` when the socket is closed before. */
export function waitForSocket(res: ServerResponse, start: () => void, leave: () => void): void {
  const { socket } = res.req;
  let leaving = watched.get(socket);
  if (leaving === undefined) {
    const all = (leaving = new Set());
    watched.set(socket, all);
    socket.once("close", () => {
      for (const each of all) each();
      all.clear();
    });
  }
  const waiting = leaving;
  waiting.add(leave);
  res.once("socket", () => {
    waiting.delete(leave);
    start();
  });
}
