import type { StateStreamError } from "@statestream/core";
import type { Clock } from "@statestream/core/backplane";
import type { Engine, InstallRequest } from "./engine.ts";
import { failure } from "./failures.ts";
import type { LargeCalls } from "./large-calls.ts";
import { gridOf } from "./lease.ts";

/** What a candidate needs of its writer. */
export interface CandidateHost {
  readonly key: string;
  readonly engine: Engine;
  readonly largeCalls: LargeCalls;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  readonly report: (error: StateStreamError) => void;
  /** Whether this node has a copy of the stream. */
  readonly hasCopy: boolean;
  /** Whether there is nothing to try for: the writer leads, or is closed. */
  readonly isDone: boolean;
  /** The lease is held: starts a session from what the engine has. */
  takeOver(): Promise<void>;
  /** The engine has nothing of the stream: installs it, and starts a session if no other node was faster. */
  install(): Promise<void>;
}

/** The least time between two attempts to lead, in milliseconds. */
const MIN_PAUSE_MS = 50;

/** Tries for the lease of a stream until its writer leads. */
export class Candidate {
  readonly #host: CandidateHost;
  /** The attempt under way. */
  #attempt: Promise<void> | undefined;
  /** The lease may have been released during the attempt under way. */
  #again = false;
  #cancelTimer: (() => void) | undefined;
  /** The engine may count the lease as held by this writer. */
  #mayHold = false;
  /** When the lease was requested: milliseconds elapsed. */
  #leasedAt = 0;
  /** In a row. */
  #failures = 0;
  /** Since when the engine has had nothing of a stream that this node has a copy of: milliseconds elapsed. */
  #emptySince: number | undefined;

  constructor(host: CandidateHost) {
    this.#host = host;
  }

  /** When the lease was requested: milliseconds elapsed. The engine counts it from a later time. */
  get leasedAt(): number {
    return this.#leasedAt;
  }

  try(): void {
    if (this.#host.isDone) return;
    if (this.#attempt !== undefined) {
      this.#again = true;
      return;
    }
    this.#attempt = this.#try().then((pauseMs) => {
      this.#attempt = undefined;
      const again = this.#again && this.#failures === 0;
      this.#again = false;
      if (again) this.try();
      else if (!this.#host.isDone) this.tryIn(pauseMs);
    });
  }

  /** Tries now, unless the last attempt failed: a message is no reason to retry earlier then. */
  tryIfHealthy(): void {
    if (this.#failures === 0) this.try();
  }

  /** Tries in so many milliseconds, or a little later: together with the others of this node. */
  tryIn(ms: number): void {
    const { clock, leaseMs } = this.#host;
    const grid = gridOf(leaseMs);
    const now = clock.elapsed();
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(Math.ceil((now + ms) / grid) * grid - now, () => this.try());
  }

  /** Resolves when the attempt under way has ended. The host is done by now, so no other one follows. */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    await this.#attempt;
    this.#cancelTimer?.();
  }

  /** Installs the stream with its lease. Resolves with whether that worked. */
  async install({ checkpoint, force }: Pick<InstallRequest, "checkpoint" | "force">): Promise<boolean> {
    const { key, largeCalls, clock, owner, leaseMs } = this.#host;
    const request = { owner, checkpoint, entries: [], leaseMs, force };
    const { status } = await largeCalls.install(key, request, () => (this.#leasedAt = clock.elapsed()));
    this.#mayHold ||= status === "ok";
    return status === "ok";
  }

  /** Another writer has the lease. */
  lost(): void {
    this.#mayHold = false;
  }

  /** Lets another writer lead at once. If this fails, the lease ends by itself. */
  async release(): Promise<void> {
    if (!this.#mayHold) return;
    this.#mayHold = false;
    await this.#host.engine.release(this.#host.key, this.#host.owner).catch(() => undefined);
  }

  /** Tries once. Resolves with when to try again, in milliseconds. */
  async #try(): Promise<number> {
    const { key, engine, clock, owner, leaseMs, report } = this.#host;
    try {
      this.#leasedAt = clock.elapsed();
      const reply = await engine.acquire(key, owner, leaseMs);
      this.#mayHold = reply.status === "ok";
      if (reply.status !== "empty") this.#emptySince = undefined;
      if (reply.status === "held") return Math.max(MIN_PAUSE_MS, Math.min(leaseMs, reply.remainingMs));
      if (reply.status === "ok") await this.#host.takeOver();
      else if (!this.#leavesItToTheLeader()) await this.#host.install();
      this.#failures = 0;
    } catch (cause) {
      this.#emptySince = undefined;
      this.#failures++;
      const what = `The writer of stream "${key}" could not try to lead`;
      report(failure("backplane-failed", what, cause, "It is retried."));
      // Another writer may be able to lead.
      await this.release();
    }
    return leaseMs / 3;
  }

  /** A copy says that the stream is not new: its leader gets the time of a lease to restore it. */
  #leavesItToTheLeader(): boolean {
    const { hasCopy, clock, leaseMs } = this.#host;
    if (!hasCopy) return false;
    this.#emptySince ??= clock.elapsed();
    return clock.elapsed() - this.#emptySince < leaseMs;
  }
}
