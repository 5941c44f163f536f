import { StateStreamError, withCause } from "../support/errors.ts";
import type { EndReason, SnapshotReason } from "../protocol/events.ts";
import { type ConnectionEvent, endFrame, retryLine } from "../protocol/frame.ts";
import type { Audience } from "./audience.ts";
import type { Holder } from "./byte-budget.ts";
import { Chunk } from "./chunk.ts";
import type { ConnectionHost, Opening } from "./connection-host.ts";
import type { CloseReason, Connection, Ending } from "./connection.ts";
import { EventReader, type EventSupply } from "./event-reader.ts";
import { Handover } from "./handover.ts";
import { guard, Listener } from "./listener.ts";

/**
 * - `greeting`: the `retry:` line comes first.
 * - `waiting`: it is not known yet where the client begins.
 * - `opening`: the answer comes next: a snapshot, or a heartbeat where the client resumes.
 * - `following`: the client has a state, and gets what follows its position.
 * - `ending`: `state.end` was handed over; it is closed when that is taken.
 * - `closed`.
 *
 * A connection goes down this list, and from `following` back to `opening` when the log was replaced.
 */
export type Phase = "greeting" | "waiting" | "opening" | "following" | "ending" | "closed";

/** After these the client may see nothing more, so what is pending is not sent. */
const AT_ONCE: ReadonlySet<EndReason> = new Set<EndReason>(["expired", "revoked", "overloaded", "unavailable"]);

export class StateConnection implements Connection, Holder, EventSupply {
  readonly audience: Audience;
  readonly context: unknown;
  closeReason: CloseReason | undefined;
  readonly handover: Handover;
  readonly #host: ConnectionHost;
  readonly #opening: Opening;
  #phase: Phase = "greeting";
  #start: number | SnapshotReason | undefined;
  /** Up to where the client has everything selected, once it has taken the chunk it holds. */
  #position: number;
  /** It was decided how it ends; what was appended up to `position` is still sent, where the client may see it. */
  #ending: (Ending & { readonly position: number }) | undefined;
  #heartbeatAt: number | undefined;
  /** Until when it waits for memory: milliseconds elapsed; `undefined` while it does not. */
  #waitsUntil: number | undefined;
  readonly #listener: Listener;
  #reader: EventReader | undefined;

  constructor(host: ConnectionHost, audience: Audience, opening: Opening) {
    this.#host = host;
    this.#opening = opening;
    this.#start = opening.start;
    this.#position = typeof opening.start === "number" ? opening.start : 0;
    if (opening.refused !== undefined) this.#ending = { ...opening.refused, position: 0 };
    this.handover = new Handover(host, this);
    this.#listener = new Listener(host);
    this.audience = audience;
    this.context = opening.context;
  }

  get closed(): boolean {
    return this.#phase === "closed";
  }

  get resumed(): boolean {
    return typeof this.#start === "number" && this.#opening.refused === undefined;
  }

  get idleSince(): number {
    return this.handover.idleSince;
  }

  /** Whether it is not known yet where the client begins. */
  get undecided(): boolean {
    return this.#start === undefined && this.#opening.refused === undefined && !this.closed;
  }

  read(): Uint8Array | undefined {
    this.#listener.rearm();
    this.#expire();
    if (this.handover.cut) {
      if (!this.#mustStop) return this.handover.part();
      // In the middle of an event there is no place for an end.
      this.destroy((this.#ending as Ending).reason);
      return undefined;
    }
    if (this.#phase === "greeting") {
      this.greet();
      this.handover.begin(new Chunk([retryLine(this.#host.retryMs())]));
      return this.handover.part();
    }
    const chunk = this.next();
    if (chunk === undefined) return undefined;
    this.handover.begin(chunk);
    return this.handover.part();
  }

  /** Where the client begins, which was not known. */
  open(start: number | SnapshotReason): void {
    if (!this.undecided) return;
    if (this.#phase === "waiting") this.#phase = "opening";
    this.#begin(start);
  }

  /** Forgets the client's position; its next event is a snapshot. */
  restart(reason: SnapshotReason): void {
    if (this.#phase === "following") this.#phase = "opening";
    else if (typeof this.#start !== "number") return;
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
   * Ends it in order: what is pending now, where the client may still see it, then `state.end`, then closed. An ending
   * after which the client may see nothing more replaces one that is under way.
   */
  finish(ending: Ending): void {
    const earlier = this.#ending;
    if (this.closed || this.#phase === "ending") return;
    if (earlier && (AT_ONCE.has(earlier.reason) || !AT_ONCE.has(ending.reason))) return;
    this.#ending = { ...ending, position: this.#host.log.head };
    if (this.handover.cut && AT_ONCE.has(ending.reason)) this.destroy(ending.reason);
    else this.#host.schedule(this);
  }

  /** A selected slice was hidden: a chunk that was only partly handed over must not be continued. */
  withdraw(): void {
    if (!this.handover.cut || this.#mustStop) return;
    this.#ending = { reason: "revoked", retry: true, position: this.#host.log.head };
    // In a later turn: listeners must not be called inside the change.
    this.#host.schedule(this);
  }

  /** Closes it at once, whatever it still holds. */
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
    const roomIn = (this.#waitsUntil ?? Infinity) - elapsed;
    const stallsIn = this.idleSince + this.#host.maxStallMs - elapsed;
    if (elapsed >= agesAt) this.finish({ reason: "max-age", retry: true });
    if (roomIn <= 0) this.finish({ reason: "overloaded", retry: true });
    if (stallsIn <= 0) this.destroy("stalled");
    const waits = [expiresAt - this.#host.now(), agesAt - elapsed, roomIn, stallsIn];
    return Math.min(...waits.map((ms) => (ms > 0 ? ms : Infinity)));
  }

  /** A heartbeat is due. At most one waits. */
  beat(timestamp: number): void {
    this.#heartbeatAt = timestamp;
    this.wake();
  }

  /** Notifies the listener, if there is something to read. */
  wake(): void {
    this.#expire();
    if (!this.#isPending) return;
    if (this.handover.cut && this.#mustStop) this.destroy((this.#ending as Ending).reason);
    if (!this.closed) this.handover.due();
    this.#listener.notify();
  }

  /** There may be memory for the chunk it waits for. */
  retry(): void {
    this.#waitsUntil = undefined;
    this.#host.schedule(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<ConnectionEvent> {
    if (this.#reader !== undefined) {
      throw new StateStreamError("invalid-option", "A connection has one consumer; connect once for each.");
    }
    this.#reader = new EventReader(this);
    return this.#reader;
  }

  /** The `retry:` line was given, or does not matter to this consumer. */
  greet(): void {
    if (this.#phase === "greeting") this.#phase = this.undecided ? "waiting" : "opening";
  }

  /** Whether what is left of a chunk may not be given any more; then the connection is closed. */
  cutOff(): boolean {
    this.#expire();
    if (this.handover.cut && this.#mustStop) this.destroy((this.#ending as Ending).reason);
    return this.closed;
  }

  /** What lies between the client's position and the head, or what else is due. Its writer has taken what it held. */
  next(): Chunk | undefined {
    this.handover.taken();
    if (this.#phase === "ending") this.#release((this.#ending as Ending).reason);
    this.#expire();
    if (this.closed) return undefined;
    const ending = this.#ending;
    if (ending !== undefined && (this.#mustStop || this.#phase === "waiting")) return this.#end(ending);
    if (this.#phase === "waiting") return undefined;
    if (this.#phase === "opening") return this.#answer();
    if (this.audience.head > this.#position && !(ending !== undefined && this.#position >= ending.position)) {
      return this.#range() ?? (this.closed ? undefined : this.#beatWhileWaiting());
    }
    if (ending !== undefined) return this.#end(ending);
    this.#position = this.#host.log.head;
    if (this.#heartbeatAt !== undefined) return this.#heartbeat(this.#heartbeatAt);
    this.handover.lagging = false;
    return undefined;
  }

  #begin(start: number | SnapshotReason): void {
    this.#start = start;
    this.#position = typeof start === "number" ? start : 0;
    this.#host.schedule(this);
  }

  get #isPending(): boolean {
    if (this.closed || this.#ending !== undefined || this.#phase === "greeting") return true;
    if (this.#phase === "waiting") return false;
    if (this.#waitsUntil !== undefined) return this.#phase === "following" && this.#heartbeatAt !== undefined;
    return this.#phase === "opening" || this.#heartbeatAt !== undefined || this.audience.head > this.#position;
  }

  /** Whether the client may see nothing more. */
  get #mustStop(): boolean {
    return this.closed || (this.#ending !== undefined && AT_ONCE.has(this.#ending.reason));
  }

  /** The timer may be late, so it is not relied on. */
  #expire(): void {
    const { expiresAt } = this.#opening;
    if (expiresAt !== Infinity && this.#host.now() >= expiresAt) this.finish({ reason: "expired", retry: true });
  }

  /** The first event: that the connection is refused, where it resumes, or the whole state. */
  #answer(): Chunk | undefined {
    const { refused } = this.#opening;
    if (refused !== undefined) return this.#end(refused);
    if (typeof this.#start === "string") return this.#snapshot(this.#start);
    if (!this.audience.knows(this.#position)) {
      this.#start = "trimmed";
      return this.#snapshot("trimmed");
    }
    this.#phase = "following";
    return this.#heartbeat(this.#host.now());
  }

  #range(): Chunk | undefined {
    const range = this.audience.range(this.#position, !this.handover.lagging);
    if (range === undefined) return this.#snapshot(this.handover.lagging ? "slow" : "trimmed");
    if (!this.#admitted(range)) return undefined;
    this.#position = this.#host.log.head;
    return range;
  }

  #snapshot(reason: SnapshotReason): Chunk | undefined {
    try {
      const { chunk, position } = this.audience.snapshot(reason);
      if (!this.#admitted(chunk)) return undefined;
      this.#phase = "following";
      this.#position = position;
      this.#host.snapshotSent(this, reason);
      // A snapshot cannot say that the state is stale.
      if (this.#host.stale) this.#heartbeatAt ??= this.#host.now();
      return chunk;
    } catch (cause) {
      const message = withCause("The snapshot could not be made", cause, "The connection was closed.");
      this.#host.report(new StateStreamError("not-serializable", message, { cause }));
      this.#release("unavailable");
      return undefined;
    }
  }

  /** Whether there is memory for this chunk. If not, the client waits, at most as long as it might stall. */
  #admitted(chunk: Chunk): boolean {
    const admitted = !chunk.large || this.#host.admit(this, chunk);
    if (admitted) this.#waitsUntil = undefined;
    else this.#waitsUntil ??= this.#host.elapsed() + this.#host.maxStallMs;
    return admitted;
  }

  /** A client that waits for memory has a state: heartbeats show that it is not forgotten. */
  #beatWhileWaiting(): Chunk | undefined {
    return this.#heartbeatAt === undefined ? undefined : this.#heartbeat(this.#heartbeatAt);
  }

  #heartbeat(timestamp: number): Chunk {
    this.#heartbeatAt = undefined;
    return this.audience.heartbeat(this.#position, timestamp);
  }

  #end({ reason, retry }: Ending): Chunk {
    // A client that got no state has no position: an id of ours would have it resume from a state it never had.
    const named = this.#phase === "following" && this.audience.knows(this.#position);
    const id = named ? this.audience.id(this.#position) : undefined;
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
