import type { Holder } from "./byte-budget.ts";
import { type Chunk, PART_BYTES } from "./chunk.ts";

/** Where a segment has fewer bytes left than this, they are copied into one part with what follows: a write costs more. */
const SMALL_BYTES = 16 * 1024;

/**
 * A client that takes this many bytes within `maxStallMs` is not stalled. A system's socket buffers take megabytes at once
 * and report room only when a third of them is free, so that a slow reader of a large event shows no progress for minutes.
 */
const MIN_PROGRESS_BYTES = 128 * 1024;

/** Parts that follow each other faster than this, in milliseconds, may all still be in those buffers. */
const BURST_MS = 1000;

/** What handing bytes over needs of the stream. */
export interface HandoverHost {
  /** Milliseconds of a monotonic clock. */
  elapsed(): number;
  /** Bytes were given to the holder's writer, at its `idleSince`. */
  handed(holder: Holder, bytes: number): void;
  /** The holder's writer cannot pass this chunk on, so its bytes stay in memory. */
  pin(holder: Holder, chunk: Chunk): void;
  unpin(holder: Holder, chunk: Chunk): void;
}

/** Gives one connection's writer its chunks, part by part, and knows how long the writer has taken nothing. */
export class Handover {
  /** Since when the writer has taken nothing although there was something to take: milliseconds elapsed, or `Infinity`. */
  idleSince: number = Infinity;
  /** Something was due while the writer held a chunk: the client is slow, until it has caught up. */
  lagging = false;
  readonly #host: HandoverHost;
  readonly #holder: Holder;
  /** Given to the writer, and not known to be taken. */
  #chunk: Chunk | undefined;
  /** The next part begins in this segment, at this offset. */
  #segment = 0;
  #offset = 0;
  #left = 0;
  /** The bytes of the parts that were given without a pause, and when the last one was. */
  #burst = 0;
  #givenAt = -Infinity;
  #pinned = false;

  constructor(host: HandoverHost, holder: Holder) {
    this.#host = host;
    this.#holder = holder;
  }

  /** Whether the chunk was given in part only. */
  get cut(): boolean {
    return this.#left > 0;
  }

  /** When the writer counts as stalled: milliseconds elapsed. A client may still be reading what its socket's buffers hold. */
  stallsAt(maxStallMs: number): number {
    const buffered = this.#chunk?.large === true ? this.#burst / MIN_PROGRESS_BYTES : 0;
    return this.idleSince + maxStallMs * Math.max(1, buffered);
  }

  /** Takes over the next chunk and returns its first part. */
  begin(chunk: Chunk): Uint8Array {
    this.#chunk = chunk;
    this.#segment = 0;
    this.#offset = 0;
    this.#left = chunk.length;
    return this.part();
  }

  /** The next part of the chunk. */
  part(): Uint8Array {
    const chunk = this.#chunk as Chunk;
    const bytes = chunk.large ? this.#next(chunk) : (chunk.segments[0] as Uint8Array);
    this.#left -= bytes.length;
    this.idleSince = this.#host.elapsed();
    this.#burst = (this.idleSince - this.#givenAt < BURST_MS ? this.#burst : 0) + bytes.length;
    this.#givenAt = this.idleSince;
    this.#host.handed(this.#holder, bytes.length);
    // A large chunk is in use until its last part is taken.
    if (chunk.large) this.#pin(chunk);
    return bytes;
  }

  /** The chunk is given event by event instead. */
  events(chunk: Chunk): void {
    this.#chunk = chunk;
    this.#left = chunk.length;
    this.#host.handed(this.#holder, chunk.length);
  }

  /** The next of these events is given. */
  event(last: boolean): void {
    if (last) this.#left = 0;
    this.idleSince = this.#host.elapsed();
  }

  /** Something is due. Where the writer still holds a chunk, it is slow. */
  due(): void {
    this.idleSince = Math.min(this.idleSince, this.#host.elapsed());
    if (this.#chunk === undefined) return;
    this.lagging = true;
    this.#pin(this.#chunk);
  }

  /** The writer is back, so it has taken what it held. */
  taken(): void {
    this.idleSince = Infinity;
    if (this.#pinned && this.#chunk !== undefined) this.#host.unpin(this.#holder, this.#chunk);
    this.#pinned = false;
    this.#chunk = undefined;
    this.#left = 0;
  }

  #pin(chunk: Chunk): void {
    if (this.#pinned) return;
    this.#pinned = true;
    this.#host.pin(this.#holder, chunk);
  }

  /** What is left of a large segment is given as it is; where little is left, a part is filled from what follows. */
  #next(chunk: Chunk): Uint8Array {
    const first = this.#rest(chunk);
    if (first.length >= SMALL_BYTES || first.length === this.#left) {
      const part = first.subarray(0, PART_BYTES);
      this.#advance(chunk, part.length);
      return part;
    }
    const part = new Uint8Array(Math.min(PART_BYTES, this.#left));
    for (let length = 0; length < part.length;) {
      const piece = this.#rest(chunk).subarray(0, part.length - length);
      part.set(piece, length);
      length += piece.length;
      this.#advance(chunk, piece.length);
    }
    return part;
  }

  #rest(chunk: Chunk): Uint8Array {
    const segment = chunk.segments[this.#segment] as Uint8Array;
    return this.#offset === 0 ? segment : segment.subarray(this.#offset);
  }

  #advance(chunk: Chunk, bytes: number): void {
    this.#offset += bytes;
    if (this.#offset < (chunk.segments[this.#segment] as Uint8Array).length) return;
    this.#segment++;
    this.#offset = 0;
  }
}
