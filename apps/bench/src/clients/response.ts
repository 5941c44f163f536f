const LF = 10;
const ZERO = 48;

/** Takes the bytes of one HTTP/1.1 response as they come and gives those of its body, whether it is chunked or not. */
export class ResponseReader {
  /** 0 until the head is complete. */
  status = 0;
  bodyBytes = 0;
  readonly #give: (body: Buffer) => void;
  #head = "";
  #chunked = false;
  /** What is still to come of the current chunk. */
  #left = 0;
  #size = 0;
  #digits = 0;

  constructor(give: (body: Buffer) => void) {
    this.#give = give;
  }

  take(bytes: Buffer): void {
    const start = this.status === 0 ? this.#takeHead(bytes) : 0;
    if (start === bytes.length) return;
    if (this.#chunked) this.#takeChunks(bytes, start);
    else this.#pass(start === 0 ? bytes : bytes.subarray(start));
  }

  /** Gives where the body begins. */
  #takeHead(bytes: Buffer): number {
    const before = this.#head.length;
    this.#head += bytes.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return bytes.length;
    const head = this.#head.slice(0, end);
    this.status = Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    this.#chunked = /^transfer-encoding: *chunked/im.test(head);
    this.#head = "";
    return end + "\r\n\r\n".length - before;
  }

  #takeChunks(bytes: Buffer, start: number): void {
    for (let at = start; at < bytes.length;) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        this.#pass(bytes.subarray(at, end));
        at = end;
        continue;
      }
      // Between chunks: the line end of the last one, which has no digits, and a size.
      const byte = bytes[at++] as number;
      if (byte === LF) {
        if (this.#digits > 0) this.#left = this.#size;
        this.#size = 0;
        this.#digits = 0;
      } else if (byte >= ZERO) {
        this.#size = this.#size * 16 + (byte <= 57 ? byte - ZERO : (byte | 32) - 87);
        this.#digits++;
      }
    }
  }

  #pass(body: Buffer): void {
    this.bodyBytes += body.length;
    this.#give(body);
  }
}
