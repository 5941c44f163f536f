import { connect, type Socket } from "node:net";
import { ResponseReader } from "./response.ts";

/** Every socket reads into the same memory: what came is dealt with before the next is read. */
const memory = Buffer.allocUnsafe(64 * 1024);

const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n";

/** One request on a raw socket. */
export interface Client {
  readonly response: ResponseReader;
  readonly socket: Socket;
  readonly closed: boolean;
}

/** Asks for the stream; `body` gets the bytes of the response's body, valid until it returns. `changed` is called after all that comes. */
export function openClient(port: number, body: (bytes: Buffer) => void, changed: () => void = () => {}): Client {
  const response = new ResponseReader(body);
  const client = { response, closed: false };
  const socket = connect(
    {
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer: memory,
        callback(length) {
          response.take(memory.subarray(0, length));
          changed();
          return true;
        },
      },
    },
    () => void socket.write(REQUEST),
  );
  const end = (): void => {
    client.closed = true;
    changed();
  };
  // What a client that the server resets has missed, its follower shows.
  socket.on("error", end);
  socket.on("close", end);
  return Object.assign(client, { socket });
}
