import { concatenate, type ConnectionEvent, decodeFrames } from "../protocol/frame.ts";

/** The most bytes given to a writer at once, so that each drain of a slow socket shows progress. */
export const PART_BYTES: number = 64 * 1024;

/**
 * Whole frames to hand to writers: the same object for every connection that needs them. Up to `PART_BYTES` they are one
 * array, which one write carries. Larger chunks stay a list of segments that other chunks may share, such as the JSON of a
 * slice, so that a chunk of its own costs a connection no copy of the state.
 */
export class Chunk {
  readonly segments: readonly Uint8Array[];
  readonly length: number;
  #events: readonly ConnectionEvent[] | undefined;

  constructor(segments: readonly Uint8Array[]) {
    let length = 0;
    for (const segment of segments) length += segment.length;
    this.length = length;
    // A range can be of nothing: what it had is hidden meanwhile.
    this.segments = length <= PART_BYTES && segments.length !== 1 ? [concatenate(segments)] : segments;
  }

  /** Whether it takes more than one write, so that its bytes stay in memory until the last part is taken. */
  get large(): boolean {
    return this.length > PART_BYTES;
  }

  /**
   * The events, for connections that are read as events. Those of a small chunk are decoded once for all; those of a large
   * one for each connection, since to keep them would hold the state again for every selection.
   */
  get events(): readonly ConnectionEvent[] {
    if (this.large) return decodeFrames(concatenate(this.segments));
    this.#events ??= decodeFrames(concatenate(this.segments));
    return this.#events;
  }
}
