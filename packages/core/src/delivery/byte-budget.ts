import type { Chunk } from "./chunk.ts";

/** A connection, as the byte budget sees it. */
export interface Holder {
  /** Since when its writer has taken nothing: milliseconds elapsed, or `Infinity`. */
  readonly idleSince: number;
  /** Closes it at once. */
  destroy(reason: "overloaded"): void;
  /** There may be room for the chunk it waits for. */
  retry(): void;
}

/**
 * Where memory is short, a connection that has taken nothing for this long may be closed for others, in milliseconds. A
 * client that reads 500 KB/s shows progress every 2 to 3 s, since a system's socket buffer reports room by the megabyte.
 */
const IDLE_MS = 5000;

/**
 * Bounds the bytes that connections hold because their writers cannot pass them on. Segments that several connections hold
 * count once. A connection whose large chunk does not fit waits for room instead of taking it from those that make progress.
 */
export class ByteBudget {
  readonly #maxBytes: number;
  readonly #elapsed: () => number;
  /** How many connections hold each buffer, and each chunk. */
  readonly #buffers = new Map<ArrayBufferLike, number>();
  readonly #chunks = new Map<Chunk, number>();
  readonly #holders = new Map<Holder, Chunk>();
  /** Connections that wait for room, each with the bytes it needs; the one that has waited longest is first. */
  readonly #waiting = new Map<Holder, number>();
  #bytes = 0;
  /** The largest chunk that was held since nothing was: two such chunks fit, or a large state could never be sent. */
  #largest = 0;

  /** `elapsed`: milliseconds of a monotonic clock. */
  constructor(maxBytes: number, elapsed: () => number) {
    this.#maxBytes = maxBytes;
    this.#elapsed = elapsed;
  }

  /** Whether connections hold too much, or one waits for room. */
  get isShort(): boolean {
    const [needed = 0] = this.#waiting.values();
    return !this.#fits(needed);
  }

  /** Whether there is room for a chunk to be held. If not, the connection is in the queue, and `retry` is called later. */
  admit(holder: Holder, chunk: Chunk): boolean {
    const needed = this.#added(chunk);
    const admitted = needed === 0 || this.#fits(needed, chunk.length);
    if (admitted) this.#waiting.delete(holder);
    else this.#waiting.set(holder, needed);
    return admitted;
  }

  /** The connection does not wait for room any more. */
  leave(holder: Holder): void {
    this.#waiting.delete(holder);
  }

  pin(holder: Holder, chunk: Chunk): void {
    this.#holders.set(holder, chunk);
    const pins = this.#chunks.get(chunk) ?? 0;
    this.#chunks.set(chunk, pins + 1);
    if (pins > 0) return;
    this.#largest = Math.max(this.#largest, chunk.length);
    for (const { buffer } of chunk.segments) {
      const users = this.#buffers.get(buffer) ?? 0;
      this.#buffers.set(buffer, users + 1);
      if (users === 0) this.#bytes += buffer.byteLength;
    }
  }

  unpin(holder: Holder, chunk: Chunk): void {
    this.#holders.delete(holder);
    const pins = (this.#chunks.get(chunk) as number) - 1;
    if (pins > 0) {
      this.#chunks.set(chunk, pins);
      return;
    }
    this.#chunks.delete(chunk);
    for (const { buffer } of chunk.segments) {
      const users = (this.#buffers.get(buffer) as number) - 1;
      if (users > 0) {
        this.#buffers.set(buffer, users);
        continue;
      }
      this.#buffers.delete(buffer);
      this.#bytes -= buffer.byteLength;
    }
    if (this.#chunks.size === 0) this.#largest = 0;
    // All of them: those that wait are given the same state, which counts once.
    if (this.#waiting.size > 0 && !this.isShort) for (const waiting of this.#waiting.keys()) waiting.retry();
  }

  /** While memory is short, closes connections that take nothing: first those whose closing frees bytes by itself. */
  relieve(): void {
    if (!this.isShort) return;
    const latest = this.#elapsed() - IDLE_MS;
    const idle = [...this.#holders].filter(([{ idleSince }]) => idleSince <= latest);
    idle.sort(([a], [b]) => a.idleSince - b.idleSince);
    const alone = idle.filter(([, chunk]) => this.#isAlone(chunk));
    for (const [holder] of new Set([...alone, ...idle])) {
      if (!this.isShort) return;
      holder.destroy("overloaded");
    }
  }

  #fits(bytes: number, chunkBytes = 0): boolean {
    return this.#bytes + bytes <= Math.max(this.#maxBytes, 2 * this.#largest, 2 * chunkBytes);
  }

  /** The bytes that nobody holds yet, of segments that count: a frame's head and tail are too small to wait for. */
  #added(chunk: Chunk): number {
    if (this.#chunks.has(chunk)) return 0;
    let bytes = 0;
    for (const { buffer } of chunk.segments) {
      if (buffer.byteLength > UNCOUNTED_BYTES && !this.#buffers.has(buffer)) bytes += buffer.byteLength;
    }
    return bytes;
  }

  #isAlone(chunk: Chunk): boolean {
    return this.#chunks.get(chunk) === 1 && chunk.segments.some(({ buffer }) => this.#buffers.get(buffer) === 1);
  }
}

/** Segments of at most this many bytes need no room. */
const UNCOUNTED_BYTES = 512;
