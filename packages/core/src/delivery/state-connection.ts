import type { CloseReason, Connection, Ending } from "./connection.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import type { EndReason, SnapshotReason } from "../protocol/events.ts";
import { type ConnectionEvent, endFrame, retryLine } from "../protocol/frame.ts";
import { Chunk, type Selection } from "./selection.ts";

/** What a connection needs of its stream. */
export interface ConnectionHost {
  /** The seq of the last event. */
  readonly head: number;
  /** Whether what it can tell may be old. */
  readonly stale: boolean;
  /** Milliseconds: the reconnection time to announce, drawn anew for each connection. */
  retryMs(): number;
  now(): number;
  /** Milliseconds of a clock that nobody sets. */
  elapsed(): number;
  /** Asks for `wake` in a later turn. */
  schedule(connection: StateConnection): void;
  /** Bytes were handed to the connection's writer, at its `idleSince`. */
  handed(connection: StateConnection, bytes: number): void;
  snapshotSent(connection: StateConnection, reason: SnapshotReason): void;
  /** A connection cannot pass this chunk on, so its bytes are held for it. */
  pin(connection: StateConnection, chunk: Chunk): void;
  unpin(chunk: Chunk): void;
  closed(connection: StateConnection, reason: CloseReason): void;
  report(error: StateStreamError): void;
}

/** How a connection begins. */
export interface Opening {
  /** Where it resumes, or why it is given a snapshot; `undefined` while that is not known, until `open` says it. */
  readonly start: number | SnapshotReason | undefined;
  /** It is not let in: it gets `state.end` and nothing else. */
  readonly refused: Ending | undefined;
  /** When it may see nothing more: milliseconds since 1970, or `Infinity`. */
  readonly expiresAt: number;
  /** When it has lived long enough: milliseconds elapsed, or `Infinity`. */
  readonly agesAt: number;
  readonly context: unknown;
  readonly onClose: ((reason: CloseReason) => void) | undefined;
}

/** A chunk is handed over in parts of this many bytes, so that each drain of a slow socket is progress. */
const PART_BYTES = 64 * 1024;

/** After these the client may see nothing more, so what is pending is not sent. */
const AT_ONCE: ReadonlySet<EndReason> = new Set<EndReason>(["expired", "revoked", "overloaded", "unavailable"]);

export class StateConnection implements Connection {
  readonly selection: Selection;
  resumed: boolean;
  readonly context: unknown;
  closeReason: CloseReason | undefined;
  /** Since when it has taken nothing that there was to take: milliseconds elapsed, or `Infinity`. */
  idleSince: number = Infinity;
  readonly #host: ConnectionHost;
  readonly #opening: Opening;
  /** Most do not, and it is asked twice for each chunk. */
  readonly #expires: boolean;
  #start: number | SnapshotReason | undefined;
  /** Up to where the client has everything selected, once it has taken the chunk it holds. */
  #position: number;
  /** What it has to be told before updates. */
  #first: "greeting" | "answer" | undefined = "greeting";
  /** Handed to the writer, and not known to be taken. */
  #chunk: Chunk | undefined;
  #offset = 0;
  /** There was something to send while its writer held a chunk: it lags, and the chunk counts as pinned. */
  #waited = false;
  #pinned = false;
  #heartbeatAt: number | undefined;
  #ending: (Ending & { readonly position: number }) | undefined;
  #ended = false;
  #listener: (() => void) | undefined;
  #notified = false;
  #iterated = false;

  constructor(host: ConnectionHost, selection: Selection, opening: Opening) {
    this.#host = host;
    this.#opening = opening;
    this.#expires = opening.expiresAt !== Infinity;
    this.#start = opening.start;
    this.#position = typeof opening.start === "number" ? opening.start : 0;
    if (opening.refused !== undefined) this.#ending = { ...opening.refused, position: 0 };
    this.selection = selection;
    this.resumed = typeof opening.start === "number" && opening.refused === undefined;
    this.context = opening.context;
  }

  get closed(): boolean {
    return this.closeReason !== undefined;
  }

  /** Whether it is not known yet where it begins. */
  get undecided(): boolean {
    return this.#start === undefined && this.#opening.refused === undefined && !this.closed;
  }

  /** Whether these bytes are held for it alone or for few, since it cannot pass them on. */
  get pinned(): boolean {
    return this.#pinned;
  }

  read(): Uint8Array | undefined {
    this.#notified = false;
    const chunk = this.#chunk;
    if (chunk !== undefined && this.#offset < chunk.bytes.length) {
      if (!this.#over) return this.#part(chunk);
      // What it may not see any more is not handed on; and in the middle of an event there is no place for an end.
      this.destroy((this.#ending as Ending).reason);
      return undefined;
    }
    if (this.#first === "greeting" && !this.closed) {
      this.#first = "answer";
      return this.#hand(new Chunk(retryLine(this.#host.retryMs())));
    }
    const next = this.#next();
    return next && this.#hand(next);
  }

  /** Says where it begins, where that was not known. */
  open(start: number | SnapshotReason): void {
    if (!this.undecided) return;
    this.#begin(start);
  }

  /** What it was told of the state does not count any more: it is given a snapshot. */
  restart(reason: SnapshotReason): void {
    if (this.#first === undefined) this.#first = "answer";
    else if (typeof this.#start !== "number") return;
    this.#begin(reason);
  }

  onReadable(fn: () => void): () => void {
    this.#listener = fn;
    this.#notified = false;
    if (this.#pending) this.#host.schedule(this);
    return () => {
      if (this.#listener === fn) this.#listener = undefined;
    };
  }

  close(): void {
    this.destroy("disconnected");
  }

  end(reason: EndReason): void {
    this.finish({ reason, retry: reason !== "revoked" });
  }

  /**
   * Ends it in order: what is pending now, where the client may still see it, then `state.end`, then closed. An ending
   * after which it may see nothing more comes before one that was under way.
   */
  finish(ending: Ending): void {
    const under = this.#ending;
    if (this.closed || this.#ended || (under && (AT_ONCE.has(under.reason) || !AT_ONCE.has(ending.reason)))) return;
    this.#ending = { ...ending, position: this.#host.head };
    if (this.#cut && AT_ONCE.has(ending.reason)) this.destroy(ending.reason);
    else this.#host.schedule(this);
  }

  /** A slice of its selection may no longer be seen: what it has been given in part must not be given further. */
  withdraw(): void {
    if (!this.#cut || this.#over) return;
    this.#ending = { reason: "revoked", retry: true, position: this.#host.head };
    // Not here: whoever listens must not be called inside the change.
    this.#host.schedule(this);
  }

  /** Closes it at once, whatever it still holds. */
  destroy(reason: CloseReason): void {
    if (this.closed) return;
    this.#release(this.#ended ? (this.#ending as Ending).reason : reason);
    // Even if it was told before: a writer that is full has not read since, and has to let go of its client now.
    this.#notified = false;
    this.#tell();
  }

  /** Looks at the clock. Says when to look again: milliseconds from now. */
  check(maxStallMs: number): number {
    const elapsed = this.#host.elapsed();
    const { expiresAt, agesAt } = this.#opening;
    const expiresIn = expiresAt - this.#host.now();
    if (expiresIn <= 0) this.finish({ reason: "expired", retry: true });
    if (elapsed >= agesAt) this.finish({ reason: "max-age", retry: true });
    const stallsIn = this.idleSince + maxStallMs - elapsed;
    if (stallsIn <= 0) this.destroy("stalled");
    return Math.min(...[expiresIn, agesAt - elapsed, stallsIn].map((ms) => (ms > 0 ? ms : Infinity)));
  }

  /** A heartbeat is due. At most one waits. */
  beat(timestamp: number): void {
    this.#heartbeatAt = timestamp;
    this.wake();
  }

  /** Tells the listener, if there is something to read. */
  wake(): void {
    if (!this.#pending) return;
    if (this.#cut && this.#over) this.destroy((this.#ending as Ending).reason);
    if (!this.closed) this.idleSince = Math.min(this.idleSince, this.#host.elapsed());
    if (this.#chunk !== undefined) {
      this.#waited = true;
      this.#pin(this.#chunk);
    }
    this.#tell();
  }

  [Symbol.asyncIterator](): AsyncIterator<ConnectionEvent> {
    if (this.#iterated) {
      throw new StateStreamError("invalid-option", "A connection has one consumer; connect once for each.");
    }
    this.#iterated = true;
    const events = this.#events();
    return {
      next: () => events.next(),
      return: () => {
        // At once: the generator's own return would queue behind a pending next.
        this.close();
        return events.return(undefined);
      },
    };
  }

  async *#events(): AsyncGenerator<ConnectionEvent, undefined> {
    if (this.#first === "greeting") this.#first = "answer";
    while (!this.closed) {
      const chunk = this.#next();
      if (chunk === undefined) {
        if (!this.closed) await new Promise<void>((resolve) => this.onReadable(resolve));
        continue;
      }
      this.#chunk = chunk;
      this.idleSince = this.#host.elapsed();
      this.#host.handed(this, chunk.bytes.length);
      const { events } = chunk;
      for (const [index, event] of events.entries()) {
        // A part of the chunk, as bytes are: what is left of it may have to be withheld.
        this.#offset = index + 1 < events.length ? 0 : chunk.bytes.length;
        this.idleSince = this.#host.elapsed();
        yield event;
        if (index + 1 < events.length && this.#over) this.destroy((this.#ending as Ending).reason);
        if (this.closed) return undefined;
      }
    }
    return undefined;
  }

  #begin(start: number | SnapshotReason): void {
    this.#start = start;
    this.#position = typeof start === "number" ? start : 0;
    this.resumed = typeof start === "number";
    this.#host.schedule(this);
  }

  /** Whether it cannot be told anything yet but the greeting. */
  get #waits(): boolean {
    return this.#first === "answer" && this.undecided;
  }

  get #pending(): boolean {
    if (this.closed || this.#ending !== undefined) return true;
    if (this.#waits) return false;
    return this.#first !== undefined || this.#heartbeatAt !== undefined || this.selection.head > this.#position;
  }

  /** Whether its chunk has been handed over in part only. */
  get #cut(): boolean {
    return this.#chunk !== undefined && this.#offset < this.#chunk.bytes.length;
  }

  /** Whether it may see nothing more. */
  get #over(): boolean {
    if (this.#expires && this.#host.now() >= this.#opening.expiresAt) this.finish({ reason: "expired", retry: true });
    return this.closed || (this.#ending !== undefined && AT_ONCE.has(this.#ending.reason));
  }

  /** The answer to "what lies between this position and the head?", or what else is due. */
  #next(): Chunk | undefined {
    this.#taken();
    if (this.#ended && !this.closed) this.#release((this.#ending as Ending).reason);
    const over = this.#over;
    if (this.closed) return undefined;
    const ending = this.#ending;
    if (ending !== undefined && (over || this.#waits)) return this.#end(ending);
    if (this.#waits) return undefined;
    if (this.#first !== undefined) return this.#answer();
    if (this.selection.head > this.#position && !(ending !== undefined && this.#position >= ending.position)) {
      const range = this.selection.range(this.#position, !this.#waited);
      if (range === undefined) return this.#snapshot(this.#waited ? "slow" : "trimmed");
      this.#position = this.#host.head;
      return range;
    }
    if (ending !== undefined) return this.#end(ending);
    this.#position = this.#host.head;
    if (this.#heartbeatAt !== undefined) return this.#heartbeat(this.#heartbeatAt);
    this.#waited = false;
    return undefined;
  }

  /** What it is told first: that it is not let in, where it resumes, or the whole state. */
  #answer(): Chunk | undefined {
    const { refused } = this.#opening;
    if (refused !== undefined) return this.#end(refused);
    if (typeof this.#start === "string") return this.#snapshot(this.#start);
    if (!this.selection.knows(this.#position)) {
      this.resumed = false;
      return this.#snapshot("trimmed");
    }
    this.#first = undefined;
    return this.#heartbeat(this.#host.now());
  }

  #snapshot(reason: SnapshotReason): Chunk | undefined {
    try {
      const { chunk, position } = this.selection.snapshot(reason);
      this.#first = undefined;
      this.#position = position;
      this.#host.snapshotSent(this, reason);
      // A snapshot cannot say so.
      if (this.#host.stale) this.#heartbeatAt ??= this.#host.now();
      return chunk;
    } catch (cause) {
      const message = withCause("The snapshot could not be made", cause, "The connection was closed.");
      this.#host.report(new StateStreamError("not-serializable", message, { cause }));
      this.#release("unavailable");
      return undefined;
    }
  }

  #heartbeat(timestamp: number): Chunk {
    this.#heartbeatAt = undefined;
    return this.selection.heartbeat(this.#position, timestamp);
  }

  #end({ reason, retry }: Ending): Chunk {
    this.#ended = true;
    // A client that was told nothing has no position: an id of ours would have it resume from a state it never had.
    const named = this.#first === undefined && this.selection.knows(this.#position);
    const id = named ? this.selection.id(this.#position) : undefined;
    return new Chunk(endFrame(reason, retry, this.#host.now(), id));
  }

  #hand(chunk: Chunk): Uint8Array {
    this.#chunk = chunk;
    this.#offset = 0;
    return this.#part(chunk);
  }

  #part(chunk: Chunk): Uint8Array {
    const { bytes } = chunk;
    const start = this.#offset;
    this.#offset = Math.min(start + PART_BYTES, bytes.length);
    this.idleSince = this.#host.elapsed();
    this.#host.handed(this, this.#offset - start);
    if (this.#offset - start === bytes.length) return bytes;
    // So large a chunk is held until its last part is taken, and few need the same.
    this.#pin(chunk);
    return bytes.subarray(start, this.#offset);
  }

  #pin(chunk: Chunk): void {
    if (this.#pinned) return;
    this.#pinned = true;
    this.#host.pin(this, chunk);
  }

  /** Its writer is back, so what it held is taken. */
  #taken(): void {
    this.idleSince = Infinity;
    if (this.#pinned && this.#chunk !== undefined) this.#host.unpin(this.#chunk);
    this.#pinned = false;
    this.#chunk = undefined;
  }

  #release(reason: CloseReason): void {
    this.closeReason = reason;
    this.#taken();
    this.#host.closed(this, reason);
    const { onClose } = this.#opening;
    this.#call(onClose && (() => onClose(reason)));
  }

  #tell(): void {
    if (this.#notified || this.#listener === undefined) return;
    this.#notified = true;
    this.#call(this.#listener);
  }

  #call(callback: (() => void) | undefined): void {
    try {
      callback?.();
    } catch (cause) {
      const message = withCause("A callback given to a connection threw", cause, "The stream continues.");
      this.#host.report(new StateStreamError("listener-failed", message, { cause }));
    }
  }
}
