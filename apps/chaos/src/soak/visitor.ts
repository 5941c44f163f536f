import { connect, type Socket } from "node:net";
import type { Random } from "../random.ts";

/** What a client does that is no library: how fast it reads, how long it stays, and how it comes. */
export interface Habit {
  readonly path: (random: Random) => string;
  /** Bytes a second; 0 reads nothing. */
  readonly bytesPerSecond: number;
  /** Requests it sends at once. */
  readonly pipelined: number;
  /** Milliseconds until it leaves by itself; `Infinity` for never. */
  readonly stayMs: (random: Random) => number;
  /** Which event ID it comes back with. */
  readonly lastEventId: (earlier: readonly string[], random: Random) => string | undefined;
}

const RETRY_MS = 2000;
const KEPT_IDS = 20;
const TAIL_BYTES = 500;

/** A client of sockets: cheap enough for thousands, as it looks at the IDs of events only. */
export class Visitor {
  /** The ID of the last whole event that it has read. */
  lastId: string | undefined;
  /** How often its connection was ended by the server. */
  cuts = 0;
  readonly #port: number;
  readonly #random: Random;
  #habit: Habit;
  readonly #ids: string[] = [];
  #socket: Socket | undefined;
  #timers: NodeJS.Timeout[] = [];
  #left = false;

  constructor(port: number, habit: Habit, random: Random, startMs: number) {
    this.#port = port;
    this.#habit = habit;
    this.#random = random;
    this.#after(startMs, () => this.#connect());
  }

  /** From now on it reads as fast as it can. */
  hurry(): void {
    this.#habit = { ...this.#habit, bytesPerSecond: Infinity };
    this.#socket?.resume();
  }

  leave(): void {
    this.#left = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket?.destroy();
  }

  #after(ms: number, then: () => void): void {
    if (ms !== Infinity) this.#timers.push(setTimeout(then, ms));
  }

  #connect(): void {
    this.#timers = [];
    const { path, pipelined, stayMs, lastEventId } = this.#habit;
    const id = lastEventId(this.#ids, this.#random);
    // Without it the socket of a response that has ended stays open, for the next request.
    const ending = pipelined > 1 ? "" : "connection: close\r\n";
    const header = id === undefined ? ending : `${ending}last-event-id: ${id}\r\n`;
    const socket = connect(this.#port, "127.0.0.1");
    this.#socket = socket;
    for (let n = 0; n < pipelined; n++)
      socket.write(`GET ${path(this.#random)} HTTP/1.1\r\nhost: soak\r\n${header}\r\n`);
    let byItself = false;
    this.#after(stayMs(this.#random), () => {
      byItself = true;
      socket.destroy();
    });
    // "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#left) return;
      if (!byItself) this.cuts++;
      for (const timer of this.#timers) clearTimeout(timer);
      this.#after(RETRY_MS * (1 + this.#random.next()), () => this.#connect());
    });
    if (this.#habit.bytesPerSecond > 0) this.#read(socket);
  }

  #read(socket: Socket): void {
    let tail = "";
    socket.on("data", (bytes: Buffer) => {
      // An ID is at the end of its event, so the last one read is near the end of the bytes, or an earlier one is good.
      tail = (tail + bytes.toString("latin1", Math.max(0, bytes.length - TAIL_BYTES))).slice(-TAIL_BYTES);
      const at = tail.lastIndexOf("\nid: ") + 5;
      const end = tail.indexOf("\n", at);
      if (at >= 5 && end > at && tail.slice(at, end) !== this.lastId) this.#reached(tail.slice(at, end));
      const pauseMs = (bytes.length / this.#habit.bytesPerSecond) * 1000;
      if (pauseMs < 1) return;
      socket.pause();
      this.#after(pauseMs, () => socket.resume());
    });
  }

  #reached(id: string): void {
    this.lastId = id;
    if (this.#random.below(100) > 0 && this.#ids.length > 0) return;
    this.#ids.push(id);
    if (this.#ids.length > KEPT_IDS) this.#ids.shift();
  }
}
