import type { Chunk } from "./chunk.ts";

/** How many ranges one audience keeps: that of the connections that keep up, and a few for those that lag. */
const MAX_RANGES = 4;

/** How many bytes of ranges all audiences keep together. Beyond it, the audience that came first makes its own anew. */
const MAX_BYTES = 4 * 1024 * 1024;

interface Ranges {
  readonly chunks: Map<number, Chunk>;
  bytes: number;
}

/** The ranges that audiences made, for their other connections. A range is dropped at the next event and at each heartbeat. */
export class RangeCache {
  readonly #ranges = new Map<object, Ranges>();
  #bytes = 0;

  get(audience: object, from: number): Chunk | undefined {
    return this.#ranges.get(audience)?.chunks.get(from);
  }

  add(audience: object, from: number, chunk: Chunk): void {
    const ranges = this.#ranges.get(audience) ?? { chunks: new Map<number, Chunk>(), bytes: 0 };
    if (ranges.chunks.size >= MAX_RANGES) this.#drop(ranges, ranges.chunks.keys().next().value as number);
    ranges.chunks.set(from, chunk);
    ranges.bytes += chunk.length;
    this.#bytes += chunk.length;
    this.#ranges.set(audience, ranges);
    for (const oldest of this.#ranges.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.clear(oldest);
    }
  }

  clear(audience: object): void {
    this.#bytes -= this.#ranges.get(audience)?.bytes ?? 0;
    this.#ranges.delete(audience);
  }

  clearAll(): void {
    this.#ranges.clear();
    this.#bytes = 0;
  }

  #drop(ranges: Ranges, from: number): void {
    const bytes = ranges.chunks.get(from)?.length ?? 0;
    ranges.chunks.delete(from);
    ranges.bytes -= bytes;
    this.#bytes -= bytes;
  }
}
