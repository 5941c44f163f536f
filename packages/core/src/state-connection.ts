import type { CloseReason, Connection } from "./connection.ts";
import { StateStreamError, textOf } from "./errors.ts";
import type { EndReason, SnapshotReason } from "./events.ts";
import { type ConnectionEvent, endFrame, retryLine } from "./frame.ts";
import { Chunk, type Selection } from "./selection.ts";

/** What a connection needs of its stream. */
export interface ConnectionHost {
  /** The seq of the last event. */
  readonly head: number;
  /** Milliseconds: the reconnection time to announce, drawn anew for each connection. */
  retryMs(): number;
  now(): number;
  /** Asks for `wake` in a later turn. */
  schedule(connection: StateConnection): void;
  handed(bytes: number): void;
  snapshotSent(reason: SnapshotReason): void;
  /** A connection cannot pass this chunk on, so its bytes are held for it. */
  pin(connection: StateConnection, chunk: Chunk): void;
  unpin(chunk: Chunk): void;
  closed(connection: StateConnection, reason: CloseReason): void;
  report(error: StateStreamError): void;
}

/** How a connection begins. */
export interface Opening {
  readonly position: number;
  /** Why it is given a snapshot; `undefined` when it resumes. */
  readonly reason: SnapshotReason | undefined;
  /** It is not let in: it gets `state.end` and nothing else. */
  readonly refused: Ending | undefined;
  /** Milliseconds since 1970; `Infinity` when time does not end it. */
  readonly endsAt: number;
  readonly endsWith: EndReason;
  readonly context: unknown;
  readonly onClose: ((reason: CloseReason) => void) | undefined;
}

/** How it ends. */
export interface Ending {
  readonly reason: EndReason;
  readonly retry: boolean;
}

/** A chunk is handed over in parts of this many bytes, so that each drain of a slow socket is progress. */
const PART_BYTES = 64 * 1024;

/** After these the client may see nothing more, so what is pending is not sent. */
const AT_ONCE: ReadonlySet<EndReason> = new Set<EndReason>(["expired", "revoked", "overloaded", "unavailable"]);

export class StateConnection implements Connection {
  readonly selection: Selection;
  readonly resumed: boolean;
  readonly context: unknown;
  readonly endsAt: number;
  closeReason: CloseReason | undefined;
  /** When it last took something, milliseconds since 1970; of interest while it holds a chunk. */
  since = 0;
  readonly #host: ConnectionHost;
  readonly #opening: Opening;
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
  #ending: Ending | undefined;
  #ended = false;
  #listener: (() => void) | undefined;
  #notified = false;
  #iterated = false;

  constructor(host: ConnectionHost, selection: Selection, opening: Opening) {
    this.#host = host;
    this.#opening = opening;
    this.#position = opening.position;
    this.#ending = opening.refused;
    this.selection = selection;
    this.resumed = opening.reason === undefined && opening.refused === undefined;
    this.context = opening.context;
    this.endsAt = opening.endsAt;
  }

  get closed(): boolean {
    return this.closeReason !== undefined;
  }

  /** Whether its writer holds bytes that it has not asked beyond. */
  get holding(): boolean {
    return this.#chunk !== undefined;
  }

  /** Whether these bytes are held for it alone or for few, since it cannot pass them on. */
  get pinned(): boolean {
    return this.#pinned;
  }

  read(): Uint8Array | undefined {
    this.#notified = false;
    if (this.#chunk !== undefined && this.#offset < this.#chunk.bytes.length) return this.#part(this.#chunk);
    if (this.#first === "greeting" && !this.closed) {
      this.#first = "answer";
      return this.#hand(new Chunk(retryLine(this.#host.retryMs())));
    }
    const chunk = this.#next();
    return chunk && this.#hand(chunk);
  }

  onReadable(fn: () => void): () => void {
    this.#listener = fn;
    this.#notified = false;
    if (this.#pending) this.#host.schedule(this);
    return () => {
      if (this.#listener === fn) this.#listener = undefined;
    };
  }

  close(reason?: EndReason): void {
    if (reason === undefined) this.destroy("disconnected");
    else this.end({ reason, retry: reason !== "revoked" });
  }

  /** Ends it in order: what is pending, where the client may still see it, then `state.end`, then closed. */
  end(ending: Ending): void {
    if (this.closed || this.#ending !== undefined) return;
    this.#ending = ending;
    const cut = this.#chunk !== undefined && this.#offset < this.#chunk.bytes.length && AT_ONCE.has(ending.reason);
    if (cut) this.destroy(ending.reason);
    else this.#host.schedule(this);
  }

  /** Its time is over. */
  expire(): void {
    this.end({ reason: this.#opening.endsWith, retry: true });
  }

  /** Closes it at once, whatever it still holds. */
  destroy(reason: CloseReason): void {
    if (this.closed) return;
    this.#release(reason);
    this.#call(this.#listener);
  }

  /** A heartbeat is due. At most one waits. */
  beat(timestamp: number): void {
    this.#heartbeatAt = timestamp;
    this.wake();
  }

  /** Tells the listener, if there is something to read. */
  wake(): void {
    if (!this.#pending) return;
    if (this.#chunk !== undefined && !this.#pinned) {
      this.#waited = true;
      this.#pinned = true;
      this.#host.pin(this, this.#chunk);
    }
    if (this.#notified) return;
    this.#notified = true;
    this.#call(this.#listener);
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
      this.#offset = chunk.bytes.length;
      this.since = this.#host.now();
      this.#host.handed(chunk.bytes.length);
      for (const event of chunk.events) {
        yield event;
        if (this.closed) return undefined;
        this.since = this.#host.now();
      }
    }
    return undefined;
  }

  get #pending(): boolean {
    return (
      this.closed ||
      this.#first !== undefined ||
      this.#ending !== undefined ||
      this.#heartbeatAt !== undefined ||
      this.selection.head > this.#position
    );
  }

  /** The answer to "what lies between this position and the head?", or what else is due. */
  #next(): Chunk | undefined {
    this.#taken();
    if (this.#ended) this.#release((this.#ending as Ending).reason);
    if (this.closed) return undefined;
    if (this.#host.now() >= this.endsAt) this.expire();
    const ending = this.#ending;
    if (ending !== undefined && AT_ONCE.has(ending.reason)) return this.#end(ending);
    if (this.#first !== undefined) return this.#answer(ending);
    if (this.selection.head > this.#position) {
      const range = this.selection.range(this.#position, !this.#waited);
      if (range === undefined) return this.#snapshot(this.#waited ? "slow" : "trimmed");
      this.#position = this.#host.head;
      return range;
    }
    this.#position = this.#host.head;
    if (ending !== undefined) return this.#end(ending);
    if (this.#heartbeatAt !== undefined) return this.#heartbeat(this.#heartbeatAt);
    this.#waited = false;
    return undefined;
  }

  /** What it is told first: where it resumes, or the whole state. */
  #answer(ending: Ending | undefined): Chunk {
    const { refused, reason } = this.#opening;
    if (refused !== undefined && ending !== undefined) return this.#end(ending);
    this.#first = undefined;
    return reason === undefined ? this.#heartbeat(this.#host.now()) : this.#snapshot(reason);
  }

  #snapshot(reason: SnapshotReason): Chunk {
    const { chunk, position } = this.selection.snapshot(reason);
    this.#position = position;
    this.#host.snapshotSent(reason);
    return chunk;
  }

  #heartbeat(timestamp: number): Chunk {
    this.#heartbeatAt = undefined;
    return this.selection.heartbeat(this.#position, timestamp);
  }

  #end({ reason, retry }: Ending): Chunk {
    this.#ended = true;
    // A client that was told nothing has no position: an id of ours would have it resume from a state it never had.
    const id = this.#first === undefined ? this.selection.id(this.#position) : undefined;
    return new Chunk(endFrame(reason, retry, this.#host.now(), id));
  }

  #hand(chunk: Chunk): Uint8Array {
    this.#chunk = chunk;
    this.#offset = 0;
    return this.#part(chunk);
  }

  #part({ bytes }: Chunk): Uint8Array {
    const start = this.#offset;
    this.#offset = Math.min(start + PART_BYTES, bytes.length);
    this.since = this.#host.now();
    this.#host.handed(this.#offset - start);
    return this.#offset - start === bytes.length ? bytes : bytes.subarray(start, this.#offset);
  }

  /** Its writer is back, so what it held is taken. */
  #taken(): void {
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

  #call(callback: (() => void) | undefined): void {
    try {
      callback?.();
    } catch (cause) {
      const message = `A callback given to a connection threw: ${textOf(cause)}. The stream goes on.`;
      this.#host.report(new StateStreamError("listener-failed", message, { cause }));
    }
  }
}
