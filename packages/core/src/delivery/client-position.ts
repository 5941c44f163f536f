import type { SnapshotReason } from "../protocol/events.ts";
import type { Audience } from "./audience.ts";
import type { Chunk } from "./chunk.ts";
import type { ConnectionHost } from "./connection-host.ts";
import type { StateConnection } from "./state-connection.ts";

/** Where a client is in the log, and what brings it further. */
export class ClientPosition {
  /** When the client was refused memory for a large chunk, it waits until then at most: milliseconds elapsed. */
  waitsUntil: number | undefined;
  readonly #host: ConnectionHost;
  readonly #connection: StateConnection;
  readonly #audience: Audience;
  /** Where the client resumes, or why it needs a snapshot; `undefined` while that is not known. */
  #start: number | SnapshotReason | undefined;
  /** Up to where the client has everything selected, once it has taken the chunk it holds. */
  #seq: number;
  /** Up to where the client knows all positions: by the ID of what it was sent last, and what that says of ended epochs. */
  #named: number;
  /** It waits for memory, and there has been no more since it was refused. */
  #isRefused = false;
  #heartbeatAt: number | undefined;

  constructor(host: ConnectionHost, connection: StateConnection, start: number | SnapshotReason | undefined) {
    this.#host = host;
    this.#connection = connection;
    this.#audience = connection.audience;
    this.#start = start;
    this.#seq = typeof start === "number" ? start : 0;
    this.#named = this.#seq;
  }

  get isKnown(): boolean {
    return this.#start !== undefined;
  }

  /** Whether the client continues from an event ID of its own. */
  get isResumed(): boolean {
    return typeof this.#start === "number";
  }

  /** Whether the client waits for memory, and trying again is of no use yet. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  get hasHeartbeat(): boolean {
    return this.#heartbeatAt !== undefined;
  }

  /** Whether selected events follow the position that are to be sent now; with `end`, whether any follow up to this seq. */
  isBehind(end?: number): boolean {
    if (end === undefined) return this.#audience.released > this.#seq;
    return this.#audience.head > this.#seq && this.#seq < end;
  }

  /** The event ID; `undefined` where the epoch of so old a position is forgotten. */
  get id(): string | undefined {
    return this.#audience.knows(this.#seq) ? this.#audience.id(this.#seq) : undefined;
  }

  begin(start: number | SnapshotReason): void {
    this.#start = start;
    this.#seq = typeof start === "number" ? start : 0;
    this.#named = this.#seq;
  }

  /** A heartbeat is due. At most one waits. */
  beat(timestamp: number): void {
    this.#heartbeatAt = timestamp;
  }

  /** There may be memory now. */
  retry(): void {
    this.#isRefused = false;
  }

  /** The first event: where the client resumes, or the whole state. `undefined` while the client waits for memory. */
  first(): Chunk | undefined {
    if (typeof this.#start === "string") return this.#snapshot(this.#start);
    if (this.id !== undefined) {
      const chunk = this.#heartbeat(this.#host.now());
      const { head } = this.#host.log;
      // What follows ends before the head, so that a client which waits for the head needs a bookmark after it.
      if (this.#audience.bookmarks && this.#seq < head && this.#audience.head < head) this.beat(this.#host.now());
      return chunk;
    }
    this.#start = "trimmed";
    return this.#snapshot("trimmed");
  }

  /**
   * The events that are to be sent now, with `end` those up to this seq too, or the whole state instead. `undefined` where
   * nothing follows, or the client waits for memory.
   */
  follow(isSlow: boolean, end: number | undefined): Chunk | undefined {
    if (!this.isBehind(end)) return undefined;
    // Nothing selected lies in between, and epochs may have ended there.
    const from = this.#audience.knows(this.#named) ? this.#named : this.#seq;
    const range = this.#audience.range(from, !isSlow);
    if (range === undefined) return this.#snapshot(isSlow ? "slow" : "trimmed");
    if (!this.#admitted(range)) return undefined;
    this.#seq = this.#host.log.head;
    this.#named = this.#audience.head;
    return range;
  }

  /** The heartbeat that is due, if one is, where nothing selected follows that can be sent. */
  heartbeat(): Chunk | undefined {
    if (!this.#isRefused && this.#audience.head <= this.#seq) this.#seq = this.#host.log.head;
    return this.#heartbeatAt === undefined ? undefined : this.#heartbeat(this.#heartbeatAt);
  }

  #snapshot(reason: SnapshotReason): Chunk | undefined {
    const { chunk, position } = this.#audience.snapshot(reason);
    if (!this.#admitted(chunk)) return undefined;
    this.#seq = position;
    this.#named = position;
    this.#host.snapshotSent(this.#connection, reason);
    // A snapshot cannot say that the state is stale.
    if (this.#host.stale) this.#heartbeatAt ??= this.#host.now();
    return chunk;
  }

  /** Whether there is memory for this chunk. If not, the client waits for it, at most as long as it might stall. */
  #admitted(chunk: Chunk): boolean {
    this.#isRefused = chunk.large && !this.#host.admit(this.#connection, chunk);
    if (!this.#isRefused) this.waitsUntil = undefined;
    else this.waitsUntil ??= this.#host.elapsed() + this.#host.maxStallMs;
    return !this.#isRefused;
  }

  #heartbeat(timestamp: number): Chunk {
    this.#heartbeatAt = undefined;
    const chunk = this.#audience.heartbeat(this.#seq, timestamp, this.#named);
    this.#named = this.#seq;
    return chunk;
  }
}
