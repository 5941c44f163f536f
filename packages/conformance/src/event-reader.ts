import { parseEvent, quote, type Received } from "./event.ts";
import { type Report, SECRET } from "./rules.ts";

const LF = 10;
const CR = 13;

/** Splits a response's bytes into events, and checks every byte. */
export class EventReader {
  readonly #report: Report;
  readonly #event: (event: Received) => void;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #parts: Buffer[] = [];
  #any = false;
  /** The milliseconds of the retry line. */
  retryMs: number | undefined;
  /** Chunks so far. */
  chunks = 0;

  constructor(report: Report, event: (event: Received) => void) {
    this.#report = report;
    this.#event = event;
  }

  /** Takes a piece of the body. */
  chunk(bytes: Buffer): void {
    if (bytes.includes(CR)) this.#report("lines", "there is a CR");
    let rest = bytes;
    if (this.chunks++ === 0) rest = this.#retry(bytes);
    while (rest.length > 0) {
      const end = this.#blankLine(rest);
      if (end < 0) {
        this.#parts.push(rest);
        return;
      }
      this.#parts.push(rest.subarray(0, end));
      rest = rest.subarray(end);
      const frame = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#frame(frame);
    }
  }

  /** What came after the last blank line. */
  get unfinished(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  #retry(bytes: Buffer): Buffer {
    const line = /^retry: (0|[1-9]\d*)\n/.exec(bytes.subarray(0, 40).toString("latin1"));
    if (line === null) {
      this.#report("retry", `the first line must be a retry line: ${quote(bytes.subarray(0, 80).toString())}`);
      return bytes;
    }
    this.retryMs = Number(line[1]);
    return bytes.subarray(line[0].length);
  }

  /** Where the first blank line ends, also when it began in an earlier part; -1 where there is none. */
  #blankLine(bytes: Buffer): number {
    if (bytes[0] === LF && this.#parts.at(-1)?.at(-1) === LF) return 1;
    const at = bytes.indexOf("\n\n");
    return at < 0 ? -1 : at + 2;
  }

  #frame(bytes: Buffer): void {
    let frame: string;
    try {
      frame = this.#text.decode(bytes.subarray(0, -2));
    } catch {
      return this.#report("lines", "the bytes are not UTF-8");
    }
    if (frame.includes(SECRET)) this.#report("secret", `the secret was sent: ${quote(frame)}`);
    const event = parseEvent(frame, this.chunks - 1, !this.#any, this.#report);
    this.#any = true;
    if (event !== undefined) this.#event(event);
  }
}
