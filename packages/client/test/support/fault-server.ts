import { get, type IncomingMessage } from "node:http";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import type { Listening } from "./listen.ts";

/** What happens to one frame on its way. */
export type Fault =
  | { readonly do: "pass" }
  /** The connection is reset after this part of the frame, 0 to 1. */
  | { readonly do: "cut"; readonly at: number }
  /** The response ends in order, as when a proxy gives up, after this part of the frame. */
  | { readonly do: "end"; readonly at: number }
  /** Nothing comes any more, and the connection stays open. */
  | { readonly do: "stall" }
  /** It comes again after so many frames. */
  | { readonly do: "repeat"; readonly later: number }
  | { readonly do: "delay"; readonly ms: number }
  /** Each byte comes as a chunk of its own. */
  | { readonly do: "crumble" }
  | { readonly do: "drop" }
  /** One byte, at this part of the frame, becomes one that neither JSON nor an id nor UTF-8 can have. */
  | { readonly do: "corrupt"; readonly at: number; readonly byte: 0x00 | 0xff }
  /** It ends too early, though properly. */
  | { readonly do: "truncate"; readonly at: number }
  /** Something else comes before it. */
  | { readonly do: "insert"; readonly text: string };

/** What happens to one connection. */
export interface ConnectionPlan {
  /** Instead of the stream. */
  readonly answer?: "reset" | 429 | 502 | 503 | "html" | undefined;
  /** Of its first frames; those after them pass. */
  readonly faults: readonly Fault[];
}

export interface FaultServer extends Listening {
  /** How many connections there were. */
  readonly connections: number;
  /** From now on everything passes, on open connections too. */
  heal(): void;
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/**
 * Stands between clients and the server at `upstream`, and does to each connection what its plan says. It writes to the
 * socket itself, so that exactly these bytes arrive. Clients receive another interval of heartbeats
 * than the real one, so that on a busy machine a connection does not look silent.
 */
export async function startFaultServer(
  upstream: number,
  plans: readonly ConnectionPlan[],
  heartbeatMs: number,
): Promise<FaultServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  let healed = false;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let request = "";
    socket.on("data", (bytes) => {
      request += bytes.toString("latin1");
      if (!request.endsWith("\r\n\r\n")) return;
      const number = count++;
      const plan = healed ? undefined : plans[number];
      void serve(socket, request, upstream, plan ?? { faults: [] }, () => healed, heartbeatMs);
    });
  });
  const opened = await open(server, sockets);
  return {
    ...opened,
    heal: () => void (healed = true),
    get connections() {
      return count;
    },
  };
}

async function serve(
  socket: Socket,
  request: string,
  port: number,
  { answer, faults }: ConnectionPlan,
  isHealed: () => boolean,
  heartbeatMs: number,
): Promise<void> {
  if (answer === "reset") return void socket.resetAndDestroy();
  if (answer === "html")
    return void socket.end("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\nx");
  if (answer !== undefined)
    return void socket.end(`HTTP/1.1 ${answer} Fault\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  socket.write(HEAD);
  const mangler = new Mangler(socket, faults, isHealed);
  try {
    for await (const frame of framesOf(await ask(socket, request, port))) {
      const sent = frame.toString().replace(/"heartbeatMs":\d+/, `"heartbeatMs":${heartbeatMs}`);
      if (!(await mangler.pass(Buffer.from(sent)))) return;
    }
    socket.end();
  } catch {
    // The client has left, and the request to the stream with it.
  }
}

/** Passes the request on, for as long as the client stays. */
function ask(socket: Socket, request: string, port: number): Promise<IncomingMessage> {
  const [path] = /(?<=^GET )\S+/.exec(request) ?? ["/"];
  const [lastEventId] = /(?<=^last-event-id: ).*$/im.exec(request) ?? [];
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  return new Promise((resolve, reject) => {
    const asked = get({ host: "127.0.0.1", port, path, headers, agent: false }, resolve);
    asked.on("error", reject);
    socket.on("close", () => asked.destroy());
  });
}

/** The retry line first, then each event with its blank line. */
async function* framesOf(response: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  let separator = "\n";
  for await (const chunk of response) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(separator); end >= 0; end = rest.indexOf(separator)) {
      yield rest.subarray(0, end + separator.length);
      rest = rest.subarray(end + separator.length);
      separator = "\n\n";
    }
  }
}

class Mangler {
  readonly #socket: Socket;
  readonly #faults: readonly Fault[];
  readonly #isHealed: () => boolean;
  readonly #repeats: { frame: Buffer; at: number }[] = [];
  /** The retry line is number 0, and passes: a client that has received nothing waits for seconds. */
  #number = 0;
  /**
   * A frame may have been lost without a trace. The next change of its slice shows that within this connection, and only
   * there: a position says nothing of what was lost before it. TCP loses nothing in the middle, so a connection that did is
   * not cut too.
   */
  #lossy = false;

  constructor(socket: Socket, faults: readonly Fault[], isHealed: () => boolean) {
    this.#socket = socket;
    this.#faults = faults;
    this.#isHealed = isHealed;
  }

  /** Whether the connection goes on. */
  async pass(frame: Buffer): Promise<boolean> {
    const number = this.#number++;
    const fault = (number > 0 && !this.#isHealed() && this.#faults[number - 1]) || { do: "pass" as const };
    const goesOn = await this.#mangle(frame, fault, number);
    for (const repeat of this.#repeats.filter(({ at }) => at === number)) {
      // An old snapshot that comes again is noticed with what follows; when healed, that may be a minute later.
      if (!this.#isHealed()) await this.#write(repeat.frame);
    }
    return goesOn;
  }

  async #mangle(frame: Buffer, fault: Fault, number: number): Promise<boolean> {
    const offset = "at" in fault ? Math.min(Math.floor(fault.at * frame.length), frame.length - 1) : 0;
    switch (fault.do) {
      case "cut":
        if (this.#lossy) break;
        await this.#write(frame.subarray(0, offset));
        this.#socket.resetAndDestroy();
        return false;
      case "end":
        if (this.#lossy) break;
        this.#socket.end(frame.subarray(0, offset));
        return false;
      case "stall":
        // A client that has not received the interval of heartbeats waits for half a minute.
        if (this.#lossy || number === 1) break;
        return false;
      case "repeat":
        this.#repeats.push({ frame, at: number + fault.later });
        break;
      case "delay":
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        break;
      case "crumble":
        for (const byte of frame) await this.#write(Buffer.of(byte));
        return true;
      case "drop":
        this.#lossy = true;
        return true;
      case "corrupt": {
        this.#lossy = true;
        const corrupt = Buffer.from(frame);
        corrupt[offset] = fault.byte;
        await this.#write(corrupt);
        return true;
      }
      case "truncate":
        this.#lossy = true;
        await this.#write(Buffer.concat([frame.subarray(0, offset), Buffer.from("\n\n")]));
        return true;
      case "insert":
        await this.#write(Buffer.from(fault.text));
        break;
      case "pass":
        break;
    }
    await this.#write(frame);
    return true;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/**
 * Relays to the server at `upstream` byte by byte, and cuts the first connection for each path `/<n>` after n bytes of its
 * answer, headers and chunk sizes counted.
 */
export async function startCuttingServer(upstream: number): Promise<Listening & { relayed(path: string): number }> {
  const sockets = new Set<Socket>();
  const relayed = new Map<string, number>();
  const server = createServer({ noDelay: true }, (socket) => {
    const stream = createConnection({ port: upstream, host: "127.0.0.1", noDelay: true });
    for (const end of [socket, stream]) {
      sockets.add(end);
      end.on("close", () => sockets.delete(end));
      end.on("error", () => {});
    }
    let left = Infinity;
    socket.once("data", (request: Buffer) => {
      const [path] = /(?<=^GET )[^\s?]+/.exec(request.toString("latin1")) as unknown as [string];
      if (relayed.has(path)) return;
      relayed.set(path, 0);
      left = Number(path.slice(1));
      stream.on("data", ({ length }) => relayed.set(path, (relayed.get(path) as number) + length));
    });
    socket.on("data", (bytes) => void stream.write(bytes));
    socket.on("close", () => stream.destroy());
    stream.on("close", () => socket.destroy());
    stream.on("data", (bytes: Buffer) => {
      const part = bytes.subarray(0, left);
      left -= part.length;
      if (left > 0) return void socket.write(part);
      stream.removeAllListeners("close");
      stream.destroy();
      socket.write(part, () => socket.destroy());
    });
  });
  return { ...(await open(server, sockets)), relayed: (path) => relayed.get(path) ?? 0 };
}

async function open(server: Server, sockets: ReadonlySet<Socket>): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
