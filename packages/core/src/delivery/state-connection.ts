import { invalidOption, StateStreamError, withCause } from "../support/errors.ts";
import type { EndReason, SnapshotReason } from "../protocol/events.ts";
import { type ConnectionEvent, endFrame, retryLine } from "../protocol/frame.ts";
import type { Audience } from "./audience.ts";
import type { Holder } from "./byte-budget.ts";
import { Chunk } from "./chunk.ts";
import { ClientPosition } from "./client-position.ts";
import type { ConnectionHost, Opening } from "./connection-host.ts";
import type { CloseReason, Connection, Ending } from "./connection.ts";
import { EventReader, type EventSupply } from "./event-reader.ts";
import { Handover } from "./handover.ts";
import { guard, Listener } from "./listener.ts";
import { AT_ONCE, type Phase } from "./phase.ts";

export class StateConnection implements Connection, Holder, EventSupply {
  readonly audience: Audience;
  readonly context: unknown;
  closeReason: CloseReason | undefined;
  readonly handover: Handover;
  readonly #host: ConnectionHost;
  readonly #opening: Opening;
  #phase: Phase = "greeting";
  readonly #position: ClientPosition;
  /** How it will end; events up to `position` are still sent, if the client may see them. */
  #ending: (Ending & { readonly position: number }) | undefined;
  readonly #listener: Listener;
  #reader: EventReader | undefined;
  /** Drawn when it is first read. */
  #retryMs: number | undefined;

  constructor(host: ConnectionHost, audience: Audience, opening: Opening) {
    this.audience = audience;
    this.#host = host;
    this.#opening = opening;
    this.#position = new ClientPosition(host, this, opening.start);
    if (opening.refused !== undefined) this.#ending = { ...opening.refused, position: 0 };
    this.handover = new Handover(host, this);
    this.#listener = new Listener(host);
    this.context = opening.context;
  }

  get closed(): boolean {
    return this.#phase === "closed";
  }

  get resumed(): boolean {
    return this.#position.isResumed && this.#opening.refused === undefined;
  }

  get retryMs(): number {
    this.#retryMs ??= this.#host.retryMs();
    return this.#retryMs;
  }

  get idleSince(): number {
    return this.handover.idleSince;
  }

  /** Whether the client's start is not known yet. */
  get undecided(): boolean {
    return !this.#position.isKnown && this.#opening.refused === undefined && !this.closed;
  }

  read(): Uint8Array | undefined {
    this.#listener.rearm();
    // `state.end` cannot be sent in the middle of an event.
    if (this.handover.cut) return this.cutOff() ? undefined : this.handover.part();
    if (this.#phase !== "greeting") {
      const chunk = this.next();
      return chunk && this.handover.begin(chunk);
    }
    this.greet();
    return this.handover.begin(new Chunk([retryLine(this.retryMs)]));
  }

  /** Sets the client's start, once it is known. */
  open(start: number | SnapshotReason): void {
    if (!this.undecided) return;
    if (this.#phase === "waiting") this.#phase = "opening";
    this.#begin(start);
  }

  /** Forgets the client's position; its next event is a snapshot. */
  restart(reason: SnapshotReason): void {
    if (this.#phase === "following") this.#phase = "opening";
    else if (!this.#position.isResumed) return;
    this.#begin(reason);
  }

  onReadable(fn: () => void): () => void {
    const remove = this.#listener.set(fn);
    if (this.#isPending) this.#host.schedule(this);
    return remove;
  }

  close(): void {
    this.destroy("disconnected");
  }

  end(reason: EndReason): void {
    this.finish({ reason, retry: reason !== "revoked" });
  }

  /**
   * Ends it in order: pending events that the client may still see, then `state.end`, then closed. An ending
   * after which the client may see nothing more replaces one that is under way.
   */
  finish(ending: Ending): void {
    if (!this.#plan(ending)) return;
    if (this.handover.cut && this.#mustStop) this.destroy(ending.reason);
    else this.#host.schedule(this);
  }

  /** A selected slice was hidden: a chunk that was only partly handed over must not be continued. */
  withdraw(): void {
    if (this.handover.cut) this.#stop("revoked");
  }

  /** What the client may see is unknown: ends the connection, unless the client has everything already. */
  withhold(): void {
    if (this.handover.cut || this.#phase !== "following" || this.#position.isBehind()) this.#stop("unavailable");
  }

  /** Ends it without anything that is pending; the client may come back. */
  #stop(reason: EndReason): void {
    // In a later turn: listeners must not be called inside the change.
    if (this.#plan({ reason, retry: true })) this.#host.schedule(this);
  }

  #plan(ending: Ending): boolean {
    if (this.#phase === "ending" || this.#mustStop) return false;
    if (this.#ending !== undefined && !AT_ONCE.has(ending.reason)) return false;
    this.#ending = { ...ending, position: this.#host.log.head };
    return true;
  }

  /** Closes it at once and discards what is pending. */
  destroy(reason: CloseReason): void {
    if (this.closed) return;
    this.#release(this.#phase === "ending" ? (this.#ending as Ending).reason : reason);
    // Even if it was notified before: a writer that is full has not read since, and must end its response now.
    this.#listener.rearm();
    this.#listener.notify();
  }

  /** Compares its deadlines with the clock. Returns when to do so again: milliseconds from now. */
  check(): number {
    this.#expire();
    const elapsed = this.#host.elapsed();
    const { expiresAt, agesAt } = this.#opening;
    const roomIn = (this.#position.waitsUntil ?? Infinity) - elapsed;
    const stallsIn = this.handover.stallsAt(this.#host.maxStallMs) - elapsed;
    if (elapsed >= agesAt) this.finish({ reason: "max-age", retry: true });
    if (roomIn <= 0) this.finish({ reason: "overloaded", retry: true });
    if (stallsIn <= 0) this.destroy("stalled");
    const waits = [expiresAt - this.#host.now(), agesAt - elapsed, roomIn, stallsIn];
    return Math.min(...waits.map((ms) => (ms > 0 ? ms : Infinity)));
  }

  /** A heartbeat is due. */
  beat(timestamp: number): void {
    this.#position.beat(timestamp);
    this.wake();
  }

  /** Notifies the listener, if there is something to read. */
  wake(): void {
    this.#expire();
    if (!this.#isPending) return;
    this.#dropRest();
    if (!this.closed) this.handover.due();
    this.#listener.notify();
  }

  /** There may be memory for the chunk it waits for. */
  retry(): void {
    this.#position.retry();
    this.#host.schedule(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<ConnectionEvent> {
    if (this.#reader !== undefined) {
      throw invalidOption("A connection has one consumer; connect once for each.");
    }
    this.#reader = new EventReader(this);
    return this.#reader;
  }

  /** The `retry:` line was sent, or this consumer does not need it. */
  greet(): void {
    if (this.#phase === "greeting") this.#phase = this.undecided ? "waiting" : "opening";
  }

  /** Whether the rest of a chunk must not be sent any more; if so, the connection is closed. */
  cutOff(): boolean {
    this.#host.catchUp();
    this.#expire();
    this.#dropRest();
    return this.closed;
  }

  /** Closes it where the client has a part of a chunk whose rest it may not see any more. */
  #dropRest(): void {
    if (this.handover.cut && this.#mustStop) this.destroy((this.#ending as Ending).reason);
  }

  /** The events between the client's position and the head, or a due heartbeat or end. The writer has taken the chunk before. */
  next(): Chunk | undefined {
    this.handover.taken();
    this.#host.catchUp();
    if (this.#phase === "ending") this.#release((this.#ending as Ending).reason);
    this.#expire();
    if (this.closed) return undefined;
    try {
      const chunk = this.#mustStop || this.#phase === "waiting" ? undefined : this.#advance();
      return chunk ?? this.#rest();
    } catch (cause) {
      const message = withCause("The snapshot could not be made", cause, "The connection was closed.");
      this.#host.report(new StateStreamError("not-serializable", message, { cause }));
      this.#release("unavailable");
      return undefined;
    }
  }

  /** The next events for the client; `undefined` if it has everything, or waits for memory. */
  #advance(): Chunk | undefined {
    if (this.#opening.refused !== undefined) return undefined;
    if (this.#phase === "opening") {
      const chunk = this.#position.first();
      if (chunk !== undefined) this.#phase = "following";
      return chunk;
    }
    return this.#position.follow(this.handover.lagging, this.#ending?.position);
  }

  /** Where there are no events to send: a due end or heartbeat. */
  #rest(): Chunk | undefined {
    if (this.#ending !== undefined) return this.#end(this.#ending);
    if (this.#phase !== "following") return undefined;
    if (!this.#position.isRefused && !this.#position.hasHeartbeat) this.handover.lagging = false;
    return this.#position.heartbeat();
  }

  #begin(start: number | SnapshotReason): void {
    this.#position.begin(start);
    this.#host.schedule(this);
  }

  get #isPending(): boolean {
    if (this.closed || this.#ending !== undefined || this.#phase === "greeting") return true;
    if (this.#phase === "waiting") return false;
    if (this.#phase === "opening") return !this.#position.isRefused;
    return this.#position.hasHeartbeat || (this.#position.isBehind() && !this.#position.isRefused);
  }

  /** Whether the client may see nothing more. */
  get #mustStop(): boolean {
    return this.closed || (this.#ending !== undefined && AT_ONCE.has(this.#ending.reason));
  }

  /** Checked at every use, since the timer may be late. */
  #expire(): void {
    const { expiresAt } = this.#opening;
    if (expiresAt !== Infinity && this.#host.now() >= expiresAt) this.finish({ reason: "expired", retry: true });
  }

  #end({ reason, retry }: Ending): Chunk {
    // A client that got no state has no position: with an ID it would resume from a state that it never had.
    const id = this.#phase === "following" ? this.#position.id : undefined;
    this.#phase = "ending";
    return new Chunk([endFrame(reason, retry, this.#host.now(), id)]);
  }

  #release(reason: CloseReason): void {
    this.closeReason = reason;
    this.#phase = "closed";
    this.handover.taken();
    this.#host.closed(this, reason);
    const { onClose } = this.#opening;
    guard(this.#host, onClose && (() => onClose(reason)));
  }
}
