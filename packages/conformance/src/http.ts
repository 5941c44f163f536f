import { connect, type Socket } from "node:net";
import { createGunzip, type Gunzip } from "node:zlib";

/** A request as it goes over the wire. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly version: "1.0" | "1.1";
  readonly body: string;
}

/** The parts of a response, as they arrive. */
export interface ResponseSink {
  head(status: number, headers: readonly (readonly [name: string, value: string])[]): void;
  /** A piece of the body; of a chunked and uncompressed one, one chunk. */
  body(bytes: Buffer): void;
  /** The response is over in the way its framing says. */
  end(): void;
  /** The socket is closed. */
  closed(): void;
  fault(text: string): void;
}

/**
 * An HTTP/1.1 client on a bare socket: it shows bytes as they arrive, and can stop reading. There is no library in between, so
 * that nothing is repaired or hidden.
 */
export class HttpSocket {
  readonly #socket: Socket;
  #sink: ResponseSink | undefined;
  #method = "";
  #rest: Buffer = Buffer.alloc(0);
  #state: "head" | "size" | "data" | "data end" | "trailer" | "fixed" | "until close" | "idle" = "idle";
  #left = 0;
  #parts: Buffer[] = [];
  #gunzip: Gunzip | undefined;
  /** Bytes that came from the socket. */
  received = 0;
  #drip: { readonly bytes: number; readonly pauseMs: number; taken: number } | undefined;

  constructor(url: URL) {
    this.#socket = connect({ host: url.hostname, port: Number(url.port || 80), noDelay: true });
    this.#socket.on("data", (bytes: Buffer) => this.#data(bytes));
    // A reset is one of the ways in which a server cuts a client off; it counts as a close.
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      if (this.#state === "until close") this.#finish();
      this.#sink?.closed();
    });
  }

  send(request: RawRequest, sink: ResponseSink): void {
    this.#sink = sink;
    this.#method = request.method;
    this.#state = "head";
    const lines = request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    this.#socket.write(`${request.method} ${request.target} HTTP/${request.version}\r\n${lines}\r\n${request.body}`);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** From now on reads so many bytes, pauses so long, and so on. */
  drip(bytes: number, pauseMs: number): void {
    this.#drip = { bytes, pauseMs, taken: 0 };
  }

  /** Destroys the socket without ending it. */
  destroy(): void {
    this.#socket.destroy();
  }

  #data(bytes: Buffer): void {
    this.received += bytes.length;
    this.#dripped(bytes.length);
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#step());
  }

  #dripped(bytes: number): void {
    const drip = this.#drip;
    if (drip === undefined || (drip.taken += bytes) < drip.bytes) return;
    drip.taken = 0;
    this.pause();
    setTimeout(() => this.resume(), drip.pauseMs);
  }

  /** Reads one piece; returns whether there may be another. */
  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#head();
      case "size": {
        const line = this.#line();
        if (line === undefined) return false;
        if (!/^[\da-f]+$/i.test(line)) return this.#fault(`the size of a chunk is ${JSON.stringify(line)}`);
        this.#left = Number.parseInt(line, 16);
        this.#state = this.#left === 0 ? "trailer" : "data";
        return true;
      }
      case "data":
        if (!this.#take()) return false;
        this.#deliver(Buffer.concat(this.#parts));
        this.#parts = [];
        this.#state = "data end";
        return true;
      case "data end": {
        const line = this.#line();
        if (line === undefined) return false;
        this.#state = "size";
        return line === "" || this.#fault("a chunk is longer than its size");
      }
      case "trailer": {
        const line = this.#line();
        if (line === "") this.#finish();
        return line !== undefined && line !== "";
      }
      case "fixed":
        if (!this.#take()) return false;
        this.#deliver(Buffer.concat(this.#parts));
        this.#parts = [];
        this.#finish();
        return false;
      case "until close":
        if (this.#rest.length > 0) this.#deliver(this.#rest);
        this.#rest = Buffer.alloc(0);
        return false;
      case "idle":
        return this.#rest.length > 0 && this.#fault("there are bytes after the end of the response");
    }
  }

  #head(): boolean {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [first = "", ...lines] = this.#rest.subarray(0, end).toString("latin1").split("\r\n");
    this.#rest = this.#rest.subarray(end + 4);
    const status = /^HTTP\/1\.[01] (\d{3}) /.exec(`${first} `)?.[1];
    if (status === undefined) return this.#fault(`the response begins with ${JSON.stringify(first)}`);
    const headers = lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
    const header = (name: string): string | undefined => headers.find((entry) => entry[0] === name)?.[1];
    const length = header("content-length");
    if (this.#method === "HEAD" || status === "204") this.#state = "idle";
    else if (header("transfer-encoding")?.toLowerCase() === "chunked") this.#state = "size";
    else if (length === undefined) this.#state = "until close";
    else this.#state = "fixed";
    this.#left = Number(length ?? 0);
    if (header("content-encoding") === "gzip") this.#unpack();
    this.#sink?.head(Number(status), headers);
    if (this.#state === "idle") this.#sink?.end();
    return this.#rest.length > 0;
  }

  #unpack(): void {
    this.#gunzip = createGunzip()
      .on("data", (bytes: Buffer) => this.#sink?.body(bytes))
      .on("error", (error) => this.#sink?.fault(`the compressed body is broken: ${error.message}`));
  }

  #deliver(bytes: Buffer): void {
    if (this.#gunzip === undefined) this.#sink?.body(bytes);
    else this.#gunzip.write(bytes);
  }

  #finish(): void {
    this.#state = "idle";
    const sink = this.#sink;
    if (this.#gunzip === undefined) sink?.end();
    else this.#gunzip.on("end", () => sink?.end()).end();
    this.#gunzip = undefined;
  }

  #line(): string | undefined {
    const end = this.#rest.indexOf("\r\n");
    if (end < 0) return undefined;
    const line = this.#rest.subarray(0, end).toString("latin1");
    this.#rest = this.#rest.subarray(end + 2);
    return line;
  }

  /** Takes the available part of a chunk; returns whether the chunk is complete. */
  #take(): boolean {
    const part = this.#rest.subarray(0, this.#left);
    this.#rest = this.#rest.subarray(part.length);
    this.#left -= part.length;
    this.#parts.push(part);
    return this.#left === 0;
  }

  #fault(text: string): false {
    this.#sink?.fault(text);
    this.#socket.destroy();
    return false;
  }
}
