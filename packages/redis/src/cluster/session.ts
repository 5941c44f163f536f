import { StateStreamError } from "@statestream/core";
import type { Clock, ContinuedStream } from "@statestream/core/backplane";
import type { CommitBudget } from "./commit-budget.ts";
import type { Commit, Engine, Position } from "./engine.ts";
import { failure } from "./failures.ts";
import { Flushes } from "./flushes.ts";
import { Lease } from "./lease.ts";
import { Publication } from "./publication.ts";
import type { LargeCalls } from "./large-calls.ts";

/** What a session needs of its writer. */
export interface SessionHost<S extends object> {
  readonly key: string;
  readonly engine: Engine;
  readonly largeCalls: LargeCalls;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  /** What the writers of this node keep. */
  readonly commits: CommitBudget;
  /**
   * Another writer leads, or only a later version can read the stream: pending changes may not be in the stream. `vanished`: nor
   * may changes that the engine had acknowledged.
   */
  lost(session: Session<S>, vanished: boolean): void;
  /** The lease ran out before it was renewed: another writer may lead by now. Pending changes are kept until that is known. */
  suspended(session: Session<S>): void;
  /** The lease was renewed after it had run out, and nobody led meanwhile. */
  resumed(session: Session<S>): void;
  readonly report: (error: StateStreamError) => void;
}

/** One term of leadership: calls the engine, one call at a time, until everything that was changed here is in the stream. */
export class Session<S extends object> {
  readonly #host: SessionHost<S>;
  readonly #publication: Publication<S>;
  readonly #lease: Lease;
  readonly #flushes = new Flushes();
  #started = false;
  #working = false;
  #over = false;
  /** In a row. */
  #failures = 0;
  /** When the call that is under way was sent: milliseconds elapsed. */
  #sentAt: number;
  #cancelTimer: (() => void) | undefined;

  /** The engine holds the stream at `position`, with these entries before it; the call for the lease was sent at `leasedAt`. */
  constructor(
    host: SessionHost<S>,
    leasedAt: number,
    position: Position,
    entries: readonly Commit[],
    make: (onCommit: (commit: Commit) => void) => ContinuedStream<S>,
  ) {
    this.#host = host;
    this.#sentAt = leasedAt;
    const { key, engine, largeCalls, clock, owner, leaseMs, commits } = host;
    const lease = new Lease(clock, leaseMs, leasedAt, {
      suspended: () => host.suspended(this),
      resumed: () => host.resumed(this),
    });
    this.#lease = lease;
    this.#publication = new Publication<S>(
      {
        key,
        engine,
        largeCalls,
        clock,
        owner,
        leaseMs,
        commits,
        get renewAt() {
          return lease.renewAt;
        },
        changed: () => {
          if (this.#started) void this.#work();
        },
        renewed: () => lease.renewed(this.#sentAt),
        lost: () => this.#lost(),
        moved: (seq) => this.#flushes.move(seq),
        report: (error) => host.report(error),
      },
      position,
      entries,
      make,
    );
  }

  get stream(): ContinuedStream<S>["stream"] {
    return this.#publication.stream;
  }

  /** How many entries, or whole streams, the engine was given again. */
  get repairs(): number {
    return this.#publication.repairs;
  }

  /** Whether the lease ran out and has not been renewed since. */
  get isSuspended(): boolean {
    return this.#lease.isSuspended;
  }

  /** Whether no other writer can lead yet. */
  get isLeased(): boolean {
    return this.#lease.isHeld;
  }

  /** The last position that the engine is known to have. */
  get accepted(): Position {
    return this.#publication.accepted;
  }

  /** How many commits the engine has not acknowledged. */
  get pending(): number {
    return this.#publication.pending;
  }

  /** Those commits; empty where there were too many to keep. */
  get pendingCommits(): readonly Commit[] {
    return this.#publication.pendingCommits;
  }

  /** Whether some of those commits had been acknowledged before the engine lost them. */
  get hasVanished(): boolean {
    return this.#publication.hasVanished;
  }

  checkpoint(): string {
    return this.#publication.checkpoint();
  }

  /** Starts at a checkpoint of `position`; where the state here differs, the difference is the first change. */
  rebase(checkpoint: string, epoch: string): void {
    this.#publication.rebase(checkpoint, epoch);
  }

  /** The lease is held: publishes from here on. */
  start(): void {
    this.#started = true;
    this.#lease.watch();
    void this.#work();
  }

  /** Resolves when the engine has every change made so far. */
  flushed(): Promise<void> {
    if (this.#over) return Promise.reject(this.#ended());
    const { made, accepted, isSettled } = this.#publication;
    if (isSettled && made.seq === accepted.seq) return Promise.resolve();
    return this.#flushes.wait(made.seq);
  }

  /**
   * As `flushed`, and the engine confirms once more that it has the stream: once this writer has left, nobody may be able to
   * restore what the engine lost since the last call.
   */
  confirmed(): Promise<void> {
    this.#publication.mustConfirm();
    void this.#work();
    return this.flushed();
  }

  /** Stores an answer with the changes made so far. Resolves when the engine has them. */
  answered(id: string, text: string): Promise<void> {
    this.#publication.storeAnswer(id, text);
    return this.flushed();
  }

  /** Publishes nothing more. */
  end(): void {
    this.#over = true;
    this.#cancelTimer?.();
    this.#lease.end();
    this.#flushes.fail(this.#ended());
    this.#publication.end();
  }

  /** Makes every call that is due, one after the other. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    // In a later turn, so that changes of one turn are sent together.
    await Promise.resolve();
    while (!this.#over) {
      try {
        this.#sentAt = this.#host.clock.elapsed();
        const step = this.#publication.step();
        if (step === undefined) break;
        await step;
        this.#failures = 0;
        if (this.#publication.isSettled) this.#flushes.reached(this.#publication.accepted.seq);
      } catch (cause) {
        if (!this.#over) await this.#failed(cause);
      }
    }
    this.#working = false;
    if (!this.#over) this.#wakeAt(this.#lease.renewAt);
  }

  #wakeAt(at: number): void {
    const { clock } = this.#host;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(Math.max(0, at - clock.elapsed()), () => void this.#work());
  }

  /** Waits before the next call. */
  async #failed(cause: unknown): Promise<void> {
    const { key, clock } = this.#host;
    this.#failures++;
    const what = `Changes of stream "${key}" could not be published`;
    this.#host.report(failure("backplane-failed", what, cause, "They are kept, and publishing is retried."));
    const ms = Math.min(1000, 50 * 2 ** this.#failures) * (0.5 + clock.random() / 2);
    this.#cancelTimer?.();
    // Never resolves when the session ends meanwhile.
    await new Promise<void>((resolve) => (this.#cancelTimer = clock.after(ms, resolve)));
  }

  async #lost(): Promise<void> {
    const { key, largeCalls } = this.#host;
    let vanished = true;
    try {
      vanished = (await largeCalls.read(key, this.#publication.accepted)).status !== "tail";
    } catch {
      // It is not known whether the stream has them, so they are reported as missing.
    }
    if (!this.#over) this.#host.lost(this, vanished);
  }

  #ended(): StateStreamError {
    return new StateStreamError("not-leading", `This writer does not lead stream "${this.#host.key}" any more.`);
  }
}
