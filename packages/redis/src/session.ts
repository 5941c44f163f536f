import { StateStreamError } from "@statestream/core";
import { type Clock, type Commit, type ContinuedStream, followStream } from "@statestream/core/backplane";
import type { Engine, Entry, Position } from "./engine.ts";
import { Ring } from "./ring.ts";

/** What a session needs of its writer. */
export interface SessionHost<S extends object> {
  readonly key: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  /** Somebody else leads: what was not acknowledged may not be in the stream. */
  lost(session: Session<S>): void;
  report(error: StateStreamError): void;
}

/** Changes that wait for the engine hold no more than this, in bytes; beyond, they are told as one difference. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/** What one call carries. */
const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_BATCH_ENTRIES = 128;

/** After so many bytes of entries, or as many as a checkpoint has, or so many entries, the next one is due. */
const CHECKPOINT_BYTES = 32 * 1024;
const CHECKPOINT_ENTRIES = 200;

/** What has to be done before anything is published. */
type Repair = "install" | "install-by-force" | "rebase";

/**
 * A writer's time of leading. Its changes are entries, sent in their order until the engine has them, the same ones again
 * where the outcome is unknown. One call at a time; changes made meanwhile go with the next.
 */
export class Session<S extends object> {
  /** How often the engine was put right: entries it had lost, or the whole stream. */
  repairs = 0;
  readonly #host: SessionHost<S>;
  readonly #continued: ContinuedStream<S>;
  readonly #ring = new Ring();
  /** Not known to be in the engine, oldest first. */
  #pending: Entry[] = [];
  #pendingBytes = 0;
  /** Changes were made that are not pending, since there were too many. */
  #overflowed = false;
  /** Up to where the engine is known to have everything, and up to where there is something. */
  #accepted: Position;
  #made: Position;
  #entriesSince = 0;
  #bytesSince = 0;
  #checkpointBytes = 0;
  #repair: Repair | undefined;
  #working = false;
  #over = false;
  #failures = 0;
  #renewAt: number;
  #cancelTimer: (() => void) | undefined;
  #waiters: { resolve: () => void; reject: (error: StateStreamError) => void }[] = [];

  /** The engine holds the lease, and the stream at `position` with these entries before it. */
  constructor(
    host: SessionHost<S>,
    position: Position,
    entries: readonly Entry[],
    make: (onCommit: (commit: Commit) => void) => ContinuedStream<S>,
  ) {
    this.#host = host;
    this.#accepted = position;
    this.#made = position;
    this.#ring.add(entries, host.clock.elapsed());
    this.#renewAt = host.clock.elapsed() + host.leaseMs / 3;
    this.#continued = make((commit) => this.#changed(commit));
    this.#arm();
  }

  get stream(): ContinuedStream<S>["stream"] {
    return this.#continued.stream;
  }

  /** Whether there was more than `pending` can hold. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  checkpoint(): string {
    return this.#continued.checkpoint();
  }

  /** Begins at a checkpoint of `position`: what is different here is the first change. */
  rebase(checkpoint: string, epoch: string): void {
    this.#continued.rebase(checkpoint, epoch);
  }

  /** What the engine has not acknowledged; not all of it where there was too much. */
  get pending(): readonly Entry[] {
    return this.#pending;
  }

  /** Resolves when the engine has every change made so far. */
  flushed(): Promise<void> {
    if (this.#over) return Promise.reject(this.#ended());
    if (this.#pending.length === 0 && !this.#overflowed && this.#repair === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Publishes nothing any more. */
  async end(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer?.();
    for (const { reject } of this.#waiters.splice(0)) reject(this.#ended());
    await this.#continued.stream.close();
  }

  #changed(entry: Commit): void {
    this.#made = { epoch: entry.epoch, seq: entry.last };
    if (this.#overflowed) return;
    this.#pending.push(entry);
    this.#pendingBytes += entry.body.length;
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      this.#overflowed = true;
      this.#setPending([]);
    }
    void this.#work();
  }

  /** Does what there is to do, one call after the other. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    // In a later turn, so that changes of one turn go together.
    await Promise.resolve();
    while (!this.#over) {
      try {
        if (this.#repair !== undefined) await this.#mend(this.#repair);
        else if (this.#overflowed) await this.#rebase();
        else if (this.#pending.length > 0) await this.#publish();
        else if (this.#host.clock.elapsed() >= this.#renewAt) await this.#renew();
        else break;
        this.#failures = 0;
      } catch (cause) {
        if (!this.#over) await this.#failed(cause);
      }
    }
    this.#working = false;
    if (this.#over) return;
    this.#arm();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  async #publish(): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const entries = this.#batch();
    // The stream is where the last change is, so only a batch that ends there can have a checkpoint.
    const whole = entries.length === this.#pending.length;
    const checkpoint = whole && this.#checkpointDue(entries) ? this.#checkpoint() : undefined;
    const reply = await engine.publish(key, { owner, entries, checkpoint, keepFrom: this.#ring.keepFrom, leaseMs });
    if (this.#over) return;
    switch (reply.status) {
      case "ok":
        this.#accept(entries, checkpoint?.body.length);
        if (reply.broken) this.#repair = "install-by-force";
        return;
      case "behind":
        return this.#restore(reply.head);
      case "conflict":
        this.#repair = "rebase";
        return;
      case "empty":
        this.#repair = "install";
        return;
      case "fenced":
        return this.#lost();
    }
  }

  async #renew(): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const reply = await engine.acquire(key, owner, leaseMs);
    if (this.#over) return;
    if (reply.status === "held") return this.#lost();
    this.#renewed();
    if (reply.status === "empty") this.#repair = "install";
    else if (reply.broken) this.#repair = "install-by-force";
    else if (reply.head.seq !== this.#accepted.seq || reply.head.epoch !== this.#accepted.epoch)
      this.#restore(reply.head);
  }

  /** The engine was rolled back to an earlier position: it is given again what it had. */
  #restore(head: Position): void {
    const entries = this.#overflowed ? undefined : this.#ring.takeAfter(head);
    if (entries === undefined) {
      this.#repair = "rebase";
      return;
    }
    this.repairs += entries.length;
    this.#accepted = head;
    this.#setPending([...entries, ...this.#pending]);
  }

  #mend(repair: Repair): Promise<void> {
    return repair === "rebase" ? this.#rebase() : this.#install(repair === "install-by-force");
  }

  /** Puts the stream in place again, where it was: nobody who was told of that position needs to be told more. */
  async #install(force: boolean): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const pending = this.#overflowed ? [] : this.#pending;
    const entries = this.#overflowed ? [] : [...this.#ring.window, ...pending];
    const checkpoint = this.#checkpoint();
    const reply = await engine.install(key, { owner, checkpoint, entries, leaseMs, force });
    if (this.#over) return;
    if (reply.status === "fenced") return this.#lost();
    this.#repair = undefined;
    if (reply.status === "exists") {
      // Somebody was faster. Whose lease it is decides.
      this.#renewAt = -Infinity;
      return await this.#renew();
    }
    this.repairs++;
    this.#accept(pending, checkpoint.body.length);
    this.#accepted = checkpoint.position;
    if (!this.#overflowed) return;
    this.#ring.clear();
    // What overflowed is in the checkpoint, unless more came while it was on its way.
    this.#overflowed = this.#made.seq !== checkpoint.position.seq;
  }

  /** Goes on from what the engine has, under a new epoch: what is different here is told as one change. */
  async #rebase(): Promise<void> {
    const { key, engine, clock } = this.#host;
    const reply = await engine.read(key, undefined);
    if (this.#over) return;
    if (reply.status !== "snapshot") {
      this.#repair = reply.status === "empty" ? "install" : "install-by-force";
      return;
    }
    const text = this.#readable(() => checkpointAtHead(reply.checkpoint.body, reply.entries, clock));
    if (text === undefined) {
      this.#repair = "install-by-force";
      return;
    }
    this.#repair = undefined;
    this.#overflowed = false;
    this.#setPending([]);
    this.#ring.clear();
    this.#ring.add(reply.entries, clock.elapsed());
    this.#accepted = reply.head;
    this.#made = reply.head;
    this.#continued.rebase(text, clock.epoch());
  }

  /** `undefined` where the engine holds what nobody can read: then what is here is the stream. */
  #readable(read: () => string): string | undefined {
    try {
      return read();
    } catch (error) {
      this.#host.report(error as StateStreamError);
      return undefined;
    }
  }

  #batch(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const { body } of this.#pending) {
      bytes += body.length;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || count >= MAX_BATCH_ENTRIES)) break;
      count++;
    }
    return this.#pending.slice(0, count);
  }

  #checkpointDue(entries: readonly Entry[]): boolean {
    const bytes = entries.reduce((sum, { body }) => sum + body.length, this.#bytesSince);
    return (
      bytes > Math.max(CHECKPOINT_BYTES, this.#checkpointBytes) ||
      this.#entriesSince + entries.length > CHECKPOINT_ENTRIES
    );
  }

  #checkpoint(): { position: Position; body: string } {
    return { position: this.#made, body: this.#continued.checkpoint() };
  }

  /** These are in the engine, and are the first that were pending. */
  #accept(entries: readonly Entry[], checkpointBytes: number | undefined): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#accepted = { epoch: last.epoch, seq: last.last };
    this.#setPending(this.#pending.slice(entries.length));
    this.#entriesSince += entries.length;
    for (const { body } of entries) this.#bytesSince += body.length;
    if (checkpointBytes !== undefined) {
      this.#entriesSince = 0;
      this.#bytesSince = 0;
      this.#checkpointBytes = checkpointBytes;
      this.#ring.measured(checkpointBytes);
    }
    this.#ring.add(entries, this.#host.clock.elapsed());
    this.#renewed();
  }

  #setPending(entries: Entry[]): void {
    this.#pending = entries;
    this.#pendingBytes = entries.reduce((sum, { body }) => sum + body.length, 0);
  }

  #renewed(): void {
    this.#renewAt = this.#host.clock.elapsed() + this.#host.leaseMs / 3;
  }

  #arm(): void {
    const { clock } = this.#host;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(Math.max(0, this.#renewAt - clock.elapsed()), () => void this.#work());
  }

  async #failed(cause: unknown): Promise<void> {
    const { key, clock } = this.#host;
    if (this.#failures++ === 0) {
      const message = `What changed in stream "${key}" could not be handed on: ${String(cause)}. It is tried again.`;
      this.#host.report(new StateStreamError("backplane-failed", message, { cause }));
    }
    const ms = Math.min(1000, 50 * 2 ** this.#failures) * (0.5 + clock.random() / 2);
    await new Promise<void>((resolve) => clock.after(ms, resolve));
  }

  #lost(): void {
    this.#over = true;
    this.#cancelTimer?.();
    for (const { reject } of this.#waiters.splice(0)) reject(this.#ended());
    this.#host.lost(this);
    void this.#continued.stream.close();
  }

  #ended(): StateStreamError {
    return new StateStreamError("not-leading", `This writer does not lead stream "${this.#host.key}" any more.`);
  }
}

/** A checkpoint of where the engine's log ends. */
export function checkpointAtHead(checkpoint: string, entries: readonly Entry[], clock: Clock): string {
  const copy = followStream({ onWaiting: () => undefined, maxLogEvents: 0 }, clock);
  copy.adopt(checkpoint, entries);
  return copy.checkpoint();
}
