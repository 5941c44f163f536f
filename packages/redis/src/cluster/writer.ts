import { type Jsonified, StateStreamError, type WritableStateStream } from "@statestream/core";
import { type Clock, readChanges } from "@statestream/core/backplane";
import { Candidate } from "./candidate.ts";
import { CommandServer } from "./commands.ts";
import type { CommitBudget } from "./commit-budget.ts";
import type { Engine } from "./engine.ts";
import { failure } from "./failures.ts";
import { type FlushOptions, flushed } from "./flushed.ts";
import type { Follower } from "./follower.ts";
import type { LargeCalls } from "./large-calls.ts";
import type { Session, SessionHost } from "./session.ts";
import { SessionStart } from "./session-start.ts";
import type { OwnStateWriter, WriterHooks, WriterOptions } from "./state-writer.ts";
import { Waiters } from "./waiters.ts";
import { splitOptions } from "./writer-options.ts";

export interface WriterParts {
  readonly engine: Engine;
  readonly largeCalls: LargeCalls;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  /** What the writers of this node keep. */
  readonly commits: CommitBudget;
  readonly report: (error: StateStreamError) => void;
  /** This node's copy of the stream. */
  readonly follower: Follower;
  /** Called once it is closed. */
  readonly onClose: () => void;
}

/** A writer as its node uses it. */
export interface WriterOfNode {
  /** Handles commands while it leads; `undefined` without `onCommand`. */
  readonly commands: CommandServer | undefined;
  readonly leading: boolean;
  /** How many entries, or whole streams, it gave the engine again. */
  readonly repairs: number;
  close(): Promise<void>;
}

/** Wants to lead: tries for the lease until it has it, then keeps a session until another writer has it. */
export class Writer<S extends object> implements OwnStateWriter<S>, WriterOfNode, SessionHost<S> {
  readonly key: string;
  readonly engine: Engine;
  readonly largeCalls: LargeCalls;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  readonly commits: CommitBudget;
  readonly report: (error: StateStreamError) => void;
  readonly commands: CommandServer | undefined;
  readonly #hooks: WriterHooks<S>;
  readonly #follower: Follower;
  readonly #onClose: () => void;
  readonly #candidate: Candidate;
  readonly #sessions: SessionStart<S>;
  readonly #waiters = new Waiters();
  #session: Session<S> | undefined;
  /** Of sessions that have ended. */
  #repairs = 0;
  #closed: Promise<void> | undefined;

  constructor(key: string, options: WriterOptions<S>, parts: WriterParts) {
    const { engine, largeCalls, clock, owner, leaseMs, commits, report, follower } = parts;
    this.key = key;
    this.engine = engine;
    this.largeCalls = largeCalls;
    this.clock = clock;
    this.owner = owner;
    this.leaseMs = leaseMs;
    this.commits = commits;
    this.report = report;
    this.#follower = follower;
    this.#onClose = parts.onClose;
    const { stream, hooks, hasSource } = splitOptions(options);
    this.#hooks = hooks;
    const leads = (): boolean => this.leading;
    const record = async (id: string, answer: string): Promise<void> =>
      await this.#leadingSession().answered(id, answer);
    const { onCommand: handler } = hooks;
    this.commands = handler && new CommandServer({ key, engine, clock, handler, leads, record });
    const isClosed = (): boolean => this.#closed !== undefined;
    const isDone = (): boolean => this.#session !== undefined || isClosed();
    this.#candidate = new Candidate({
      key,
      engine,
      largeCalls,
      clock,
      owner,
      leaseMs,
      report,
      get hasCopy() {
        return follower.stream.position !== undefined;
      },
      get isDone() {
        return isDone();
      },
      takeOver: () => this.#sessions.takeOver(),
      install: () => this.#sessions.install(false),
    });
    this.#sessions = new SessionStart<S>({
      session: this,
      candidate: this.#candidate,
      follower,
      options: stream,
      hasSource,
      get isClosed() {
        return isClosed();
      },
      lead: (session) => this.#lead(session),
      notifyLeadership: (leading, state) => this.#notifyLeadership(leading, state),
    });
    follower.onHead = () => this.#candidate.tryIfHealthy();
    this.#candidate.try();
  }

  get leading(): boolean {
    return this.#session?.isLeased ?? false;
  }

  get repairs(): number {
    return this.#repairs + (this.#session?.repairs ?? 0);
  }

  get state(): Readonly<Jsonified<S>> {
    return (this.#session?.stream ?? this.#follower.stream).state as Readonly<Jsonified<S>>;
  }

  get eventId(): string {
    return (this.#session?.stream ?? this.#follower.stream).eventId;
  }

  leads({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(closedError(this.key));
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return this.leading ? Promise.resolve() : this.#waiters.wait(signal);
  }

  async flushed(options: FlushOptions = {}): Promise<void> {
    await flushed(this.#leadingSession(), this, options);
  }

  set: OwnStateWriter<S>["set"] = (...args) => this.#stream().set(...args);
  patch: OwnStateWriter<S>["patch"] = (...args) => this.#stream().patch(...args);
  append: OwnStateWriter<S>["append"] = (...args) => this.#stream().append(...args);
  remove: OwnStateWriter<S>["remove"] = (...args) => this.#stream().remove(...args);
  batch: OwnStateWriter<S>["batch"] = (...args) => this.#stream().batch(...args);

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  suspended(session: Session<S>): void {
    if (session === this.#session) this.#notifyLeadership(false, undefined);
  }

  resumed(session: Session<S>): void {
    if (session !== this.#session) return;
    this.#notifyLeadership(true, this.state);
    this.#waiters.resolve();
  }

  lost(session: Session<S>, vanished: boolean): void {
    if (session !== this.#session) return;
    this.#candidate.lost();
    this.#leave(session, vanished);
    if (this.#closed === undefined) this.#candidate.tryIn(this.leaseMs / 3);
  }

  async #close(): Promise<void> {
    this.#follower.onHead = undefined;
    this.#waiters.reject(closedError(this.key));
    // In a later turn: `#closed` is set by then, so that the candidate does not try again.
    await Promise.resolve();
    await this.#candidate.stop();
    const session = this.#session;
    if (session !== undefined) {
      await this.#confirmedInTime(session);
      if (session === this.#session) this.#leave(session, false);
    }
    await this.#candidate.release();
    this.#onClose();
  }

  /** Keeps the process alive meanwhile, so that the last changes reach the stream. */
  async #confirmedInTime(session: Session<S>): Promise<void> {
    let cancel: (() => void) | undefined;
    const waited = new Promise<void>((resolve) => (cancel = this.clock.after(this.leaseMs, resolve, true)));
    // Where another writer takes over meanwhile, the session reports it.
    await Promise.race([waited, session.confirmed().catch(() => undefined)]);
    cancel?.();
  }

  #leave(session: Session<S>, isVanished: boolean): void {
    const vanished = isVanished || session.hasVanished;
    this.#repairs += session.repairs;
    this.#session = undefined;
    this.commands?.close();
    const commits = session.pending;
    const changes = session.pendingCommits.flatMap((commit) => readChanges(commit));
    const { state } = session.stream;
    const { isSuspended } = session;
    session.end();
    if (!isSuspended) this.#notifyLeadership(false, undefined);
    if (commits > 0 || vanished) this.#call(() => this.#hooks.onLost?.({ commits, changes, vanished, state }));
  }

  #lead(session: Session<S>): void {
    this.#session = session;
    session.start();
    this.commands?.open();
    this.#waiters.resolve();
  }

  #notifyLeadership(leading: boolean, state: Readonly<Jsonified<S>> | undefined): void {
    this.#call(() => this.#hooks.onLeadership?.(leading, { state }));
  }

  #call(hook: () => void): void {
    try {
      hook();
    } catch (cause) {
      const what = `A callback of the writer of stream "${this.key}" threw`;
      this.report(failure("listener-failed", what, cause, "The writer continues."));
    }
  }

  #leadingSession(): Session<S> {
    if (this.#session?.isLeased) return this.#session;
    throw new StateStreamError(
      "not-leading",
      `This writer does not lead stream "${this.key}" now. Wait for leads(), or use send() to reach the writer that leads.`,
    );
  }

  #stream(): WritableStateStream<S> {
    return this.#leadingSession().stream;
  }
}

function closedError(key: string): StateStreamError {
  return new StateStreamError("stream-closed", `The writer of stream "${key}" is closed; make a new one.`);
}
