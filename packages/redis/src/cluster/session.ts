import { StateStreamError } from "@statestream/core";
import type { Clock, ContinuedStream } from "@statestream/core/backplane";
import { checkpointAtHead, CheckpointPace } from "./checkpoints.ts";
import type { AcquireReply, Answer, Checkpoint, Commit, Engine, Position } from "./engine.ts";
import { failure } from "./failures.ts";
import { Flushes } from "./flushes.ts";
import { Pending } from "./pending.ts";
import { isSame } from "./position.ts";
import { Ring } from "./ring.ts";

/** What a session needs of its writer. */
export interface SessionHost<S extends object> {
  readonly key: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  /**
   * Somebody else leads: what is pending may not be in the stream. `vanished`: nor may what the engine had acknowledged.
   */
  lost(session: Session<S>, vanished: boolean): void;
  /** The lease ran out unrenewed: another may lead by now. What is pending is kept until that is known. */
  suspended(session: Session<S>): void;
  /** The lease is held again, and nobody led meanwhile. */
  resumed(session: Session<S>): void;
  report(error: StateStreamError): void;
}

/** How long the answer to a command is kept, in milliseconds. */
const ANSWER_MS = 10 * 60_000;

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
  readonly #pending = new Pending();
  readonly #pace = new CheckpointPace();
  readonly #flushes = new Flushes();
  /** Answers that go with the change of this seq. */
  #answers: (Answer & { readonly seq: number })[] = [];
  /** Up to where the engine is known to have everything, and up to where there is something. */
  #accepted: Position;
  #made: Position;
  #repair: Repair | undefined;
  #started = false;
  #working = false;
  #over = false;
  /** In a row. */
  #failures = 0;
  /** When the call that took or renewed the lease was sent: the engine counts from a later time. Milliseconds elapsed. */
  #leasedAt: number;
  /** When the call that is under way was sent. */
  #sentAt: number;
  #suspended = false;
  #cancelTimer: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;

  /** The engine holds the stream at `position`, with these entries before it; the lease was asked for at `leasedAt`. */
  constructor(
    host: SessionHost<S>,
    leasedAt: number,
    position: Position,
    entries: readonly Commit[],
    make: (onCommit: (commit: Commit) => void) => ContinuedStream<S>,
  ) {
    this.#host = host;
    this.#accepted = position;
    this.#made = position;
    this.#ring.add(entries, host.clock.elapsed());
    this.#pace.appended(entries);
    this.#leasedAt = leasedAt;
    this.#sentAt = leasedAt;
    this.#continued = make((commit) => this.#changed(commit));
  }

  get stream(): ContinuedStream<S>["stream"] {
    return this.#continued.stream;
  }

  /** Whether the lease ran out and has not been held since. */
  get isSuspended(): boolean {
    return this.#suspended;
  }

  /** Whether nobody else can lead yet. */
  get isLeased(): boolean {
    return this.#host.clock.elapsed() < this.#leasedAt + this.#host.leaseMs;
  }

  /** How many commits the engine has not acknowledged. */
  get pending(): number {
    return this.#pending.count;
  }

  /** Those commits, or none where there were too many to keep. */
  get pendingCommits(): readonly Commit[] {
    return this.#pending.entries;
  }

  checkpoint(): string {
    return this.#continued.checkpoint();
  }

  /** Begins at a checkpoint of `position`: what is different here is the first change. */
  rebase(checkpoint: string, epoch: string): void {
    this.#continued.rebase(checkpoint, epoch);
  }

  /** The lease is held: publishes from here on. */
  start(): void {
    this.#started = true;
    this.#watchLease();
    void this.#work();
  }

  /** Resolves when the engine has every change made so far. */
  flushed(): Promise<void> {
    if (this.#over) return Promise.reject(this.#ended());
    if (this.#isSettled && this.#made.seq === this.#accepted.seq) return Promise.resolve();
    return this.#flushes.wait(this.#made.seq);
  }

  /** Stores an answer with the changes made so far. Resolves when the engine has them. */
  answered(id: string, text: string): Promise<void> {
    if (this.#made.seq > this.#accepted.seq) this.#answers.push({ id, text, seq: this.#made.seq });
    return this.flushed();
  }

  /** Publishes nothing any more. */
  end(): void {
    this.#over = true;
    this.#cancelTimer?.();
    this.#cancelExpiry?.();
    this.#flushes.fail(this.#ended());
    void this.#continued.stream.close();
  }

  #changed(entry: Commit): void {
    this.#made = { epoch: entry.epoch, seq: entry.last };
    this.#pending.add(entry);
    if (this.#started) void this.#work();
  }

  /** Does what there is to do, one call after the other. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    // In a later turn, so that changes of one turn go together.
    await Promise.resolve();
    while (!this.#over) {
      try {
        this.#sentAt = this.#host.clock.elapsed();
        const step = this.#step();
        if (step === undefined) break;
        await step;
        this.#failures = 0;
        if (this.#isSettled) this.#flushes.reached(this.#accepted.seq);
      } catch (cause) {
        if (!this.#over) await this.#failed(cause);
      }
    }
    this.#working = false;
    if (!this.#over) this.#wakeAt(this.#renewAt());
  }

  #step(): Promise<void> | undefined {
    if (this.#repair === "rebase") return this.#rebase();
    if (this.#repair !== undefined) return this.#install(this.#repair === "install-by-force");
    if (this.#pending.overflowed) return this.#rebase();
    if (this.#pending.count > 0) return this.#publish();
    return this.#host.clock.elapsed() >= this.#renewAt() ? this.#renew() : undefined;
  }

  /** Whether what the engine has is what was made here, up to `accepted`. */
  get #isSettled(): boolean {
    return this.#repair === undefined && !this.#pending.overflowed;
  }

  async #publish(): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const entries = this.#pending.batch();
    // The stream is where the last change is, so only a batch that ends there can have a checkpoint.
    const whole = entries.length === this.#pending.count;
    const checkpoint = whole && this.#pace.isDueAfter(entries) ? this.#checkpoint() : undefined;
    const until = entries.at(-1)?.last ?? 0;
    const answers = this.#answers.filter(({ seq }) => seq <= until);
    const { keepFrom } = this.#ring;
    const request = { owner, entries, checkpoint, keepFrom, leaseMs, answers, answerMs: ANSWER_MS };
    const reply = await engine.publish(key, request);
    if (this.#over) return;
    if (reply.status === "ok") this.#answers = this.#answers.filter((answer) => !answers.includes(answer));
    switch (reply.status) {
      case "ok":
        this.#accept(entries, checkpoint);
        if (reply.broken) this.#repair = "install-by-force";
        return;
      case "behind":
        // The lease is still ours, so nobody else has written there.
        if (!this.#restore(reply.head)) this.#repair = "rebase";
        return;
      case "conflict":
        this.#repair = "rebase";
        return;
      case "empty":
        this.#repair = "install";
        return;
      case "fenced":
        // The engine may only have forgotten whose lease it is.
        return await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const reply = await engine.acquire(key, owner, leaseMs);
    if (this.#over) return;
    if (reply.status === "empty") this.#repair = "install";
    else if (reply.status === "held" || !this.#resume(reply)) await this.#lost();
  }

  /** Goes on with a lease that may have been somebody else's meanwhile. Whatever they wrote must not be overwritten. */
  #resume({ head, broken }: Extract<AcquireReply, { readonly status: "ok" }>): boolean {
    if (!this.#restore(head)) return false;
    if (broken) this.#repair = "install-by-force";
    this.#renewed();
    return true;
  }

  /** Whether the engine is at one of our positions. What it had after that, it is given again. */
  #restore(head: Position): boolean {
    if (isSame(head, this.#accepted)) return true;
    const { entries } = this.#pending;
    // The outcome of a call was unknown: it was good.
    const there = entries.findIndex(({ epoch, last }) => isSame(head, { epoch, seq: last }));
    if (there >= 0) this.#accept(entries.slice(0, there + 1), undefined);
    const vanished = there >= 0 ? [] : this.#ring.takeAfter(head);
    if (vanished === undefined) return false;
    this.#accepted = head;
    this.repairs += vanished.length;
    if (!this.#pending.overflowed) this.#pending.prepend(vanished);
    return true;
  }

  /** Puts the stream in place again, where it was: nobody who was told of that position needs to be told more. */
  async #install(force: boolean): Promise<void> {
    const { key, engine, owner, leaseMs } = this.#host;
    const { overflowed } = this.#pending;
    const pending = [...this.#pending.entries];
    const entries = overflowed ? [] : [...this.#ring.window, ...pending];
    const checkpoint = this.#checkpoint();
    const reply = await engine.install(key, { owner, checkpoint, entries, leaseMs, force });
    if (this.#over) return;
    this.#repair = undefined;
    // Somebody was faster. Whose lease it is decides.
    if (reply.status !== "ok") return await this.#renew();
    this.repairs++;
    this.#accept(pending, checkpoint);
    this.#accepted = checkpoint.position;
    if (!overflowed) return;
    this.#ring.clear();
    // What overflowed is in the checkpoint, unless more came while it was on its way.
    if (isSame(this.#made, this.#accepted)) this.#pending.clear();
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
    // What may have been sent is dropped, so its seqs are not used again under its epoch.
    this.#pending.clear();
    this.#ring.clear();
    this.#ring.add(reply.entries, clock.elapsed());
    this.#accepted = reply.head;
    this.#made = reply.head;
    this.#continued.rebase(text, clock.epoch());
    this.#flushes.move(this.#made.seq);
    this.#answers = this.#answers.map((answer) => ({ ...answer, seq: this.#made.seq }));
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

  #checkpoint(): Checkpoint {
    return { position: this.#made, body: this.#continued.checkpoint() };
  }

  /** These are in the engine, and are the first that were pending. */
  #accept(entries: readonly Commit[], checkpoint: Checkpoint | undefined): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#accepted = { epoch: last.epoch, seq: last.last };
    this.#pending.accept(entries.length);
    this.#pace.appended(entries);
    if (checkpoint !== undefined) {
      this.#pace.stored(checkpoint.body.length);
      this.#ring.measured(checkpoint.body.length);
    }
    this.#ring.add(entries, this.#host.clock.elapsed());
    this.#renewed();
  }

  /** The lease counts from when the call was sent, so that it never ends later here than in the engine. */
  #renewed(): void {
    if (this.#started && !this.isLeased) this.#suspend();
    this.#leasedAt = this.#sentAt;
    if (!this.#started || !this.isLeased) return;
    this.#watchLease();
    if (!this.#suspended) return;
    this.#suspended = false;
    this.#host.resumed(this);
  }

  #renewAt(): number {
    return this.#leasedAt + this.#host.leaseMs / 3;
  }

  #watchLease(): void {
    const { clock, leaseMs } = this.#host;
    this.#cancelExpiry?.();
    this.#cancelExpiry = clock.after(Math.max(1, this.#leasedAt + leaseMs - clock.elapsed()), () => {
      // Timers may fire a little early.
      if (this.isLeased) this.#watchLease();
      else this.#suspend();
    });
  }

  #suspend(): void {
    if (this.#over || this.#suspended) return;
    this.#suspended = true;
    this.#host.suspended(this);
  }

  #wakeAt(at: number): void {
    const { clock } = this.#host;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(Math.max(0, at - clock.elapsed()), () => void this.#work());
  }

  /** Of failures in a row, the first is told. */
  async #failed(cause: unknown): Promise<void> {
    const { key, clock } = this.#host;
    if (this.#failures++ === 0) {
      const what = `Changes of stream "${key}" could not be published`;
      this.#host.report(failure("backplane-failed", what, cause, "They are kept, and publishing is retried."));
    }
    const ms = Math.min(1000, 50 * 2 ** this.#failures) * (0.5 + clock.random() / 2);
    this.#cancelTimer?.();
    // Where this is over meanwhile, it never goes on.
    await new Promise<void>((resolve) => (this.#cancelTimer = clock.after(ms, resolve)));
  }

  async #lost(): Promise<void> {
    const { key, engine } = this.#host;
    let vanished = true;
    try {
      vanished = (await engine.read(key, this.#accepted)).status !== "tail";
    } catch {
      // Then it is not known to be there, which is what is told.
    }
    if (!this.#over) this.#host.lost(this, vanished);
  }

  #ended(): StateStreamError {
    return new StateStreamError("not-leading", `This writer does not lead stream "${this.#host.key}" any more.`);
  }
}
