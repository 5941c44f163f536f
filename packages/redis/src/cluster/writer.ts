import {
  createStateStream,
  type Jsonified,
  type OwnStateOptions,
  type SourceOptions,
  StateStreamError,
  type WritableStateStream,
} from "@statestream/core";
import { type Clock, continueStream, readChanges, readState } from "@statestream/core/backplane";
import { checkpointAtHead } from "./checkpoints.ts";
import type { Engine, Commit, Position } from "./engine.ts";
import { CommandServer } from "./commands.ts";
import { failure } from "./failures.ts";
import type { Follower } from "./follower.ts";
import { Session, type SessionHost } from "./session.ts";
import type { OwnStateWriter, WriterHooks, WriterOptions } from "./state-writer.ts";

export interface WriterParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  readonly report: (error: StateStreamError) => void;
  /** This node's copy of the stream. */
  readonly follower: Follower;
  /** Called once it is closed. */
  readonly onClose: () => void;
}

/** What this node knows of its writers. */
export interface WriterOfNode {
  /** Handles commands while it leads, if it takes any. */
  readonly commands: CommandServer | undefined;
  readonly leading: boolean;
  /** How many entries, or whole streams, it gave the engine again. */
  readonly repairs: number;
  close(): Promise<void>;
}

/** A writer's options without its hooks, which a stream does not have. */
type StreamOptions<S extends object> = OwnStateOptions<S> | SourceOptions<S>;

/** The least time between two attempts to lead, in milliseconds. */
const MIN_PAUSE_MS = 50;

/** Wants to lead: tries for the lease until it has it, then keeps a session until it loses it. */
export class Writer<S extends object> implements OwnStateWriter<S>, WriterOfNode, SessionHost<S> {
  readonly key: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  readonly report: (error: StateStreamError) => void;
  readonly #options: StreamOptions<S>;
  readonly #hooks: WriterHooks<S>;
  /** Whether the state is a store's. */
  readonly #hasSource: boolean;
  readonly #follower: Follower;
  readonly #onClose: () => void;
  readonly commands: CommandServer | undefined;
  #session: Session<S> | undefined;
  /** Of sessions that are over. */
  #repairs = 0;
  #campaigning: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** The lease may be ours. */
  #leased = false;
  /** When it was asked for: milliseconds elapsed. */
  #leasedAt = 0;
  /** In a row. */
  #failures = 0;
  /** Since when nothing has been kept of a stream that this node has a copy of: milliseconds elapsed. */
  #emptySince: number | undefined;
  #closed: Promise<void> | undefined;
  #waiters: { resolve: () => void; reject: (error: StateStreamError) => void }[] = [];

  constructor(key: string, options: WriterOptions<S>, parts: WriterParts) {
    this.key = key;
    this.engine = parts.engine;
    this.clock = parts.clock;
    this.owner = parts.owner;
    this.leaseMs = parts.leaseMs;
    this.report = parts.report;
    const { onLeadership: _onLeadership, onLost: _onLost, onCommand, ...ofStream } = options;
    this.#hooks = options;
    this.#options = ofStream;
    this.#hasSource = "source" in options && options.source !== undefined;
    this.#follower = parts.follower;
    this.#onClose = parts.onClose;
    checkOptions(this.#options);
    this.commands =
      onCommand &&
      new CommandServer({
        ...parts,
        key,
        handler: onCommand,
        leads: () => this.leading,
        record: async (id, answer) => await this.#leadingSession().answered(id, answer),
      });
    // Where it has just failed, being told of that is no reason to try again.
    this.#follower.onHead = () => {
      if (this.#failures === 0) this.#campaign();
    };
    this.#campaign();
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

  leads({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(closedError(this.key));
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (this.leading) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      });
    });
  }

  async flushed({ timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    const flushed = this.#leadingSession().flushed();
    if (timeoutMs === undefined) return await flushed;
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `Changes of stream "${this.key}" were not stored within ${timeoutMs} ms. They are still being sent.`;
      cancel = this.clock.after(timeoutMs, () => reject(new StateStreamError("timeout", message)), true);
    });
    try {
      await Promise.race([flushed, late]);
    } finally {
      cancel?.();
    }
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
    if (session === this.#session) this.#tellLeading(false, undefined);
  }

  resumed(session: Session<S>): void {
    if (session !== this.#session) return;
    this.#tellLeading(true, this.state);
    this.#resolveWaiters();
  }

  lost(session: Session<S>, vanished: boolean): void {
    if (session !== this.#session) return;
    this.#leased = false;
    this.#leave(session, vanished);
    this.#campaignIn(this.leaseMs / 3);
  }

  async #close(): Promise<void> {
    this.#cancelTimer?.();
    this.#follower.onHead = undefined;
    for (const { reject } of this.#waiters.splice(0)) reject(closedError(this.key));
    await this.#campaigning;
    const session = this.#session;
    if (session !== undefined) {
      await this.#flushedInTime(session);
      if (session === this.#session) this.#leave(session, false);
    }
    await this.#release();
    this.#onClose();
  }

  /** Keeps the process alive meanwhile: what it was told last is to reach the stream. */
  async #flushedInTime(session: Session<S>): Promise<void> {
    let cancel: (() => void) | undefined;
    const waited = new Promise<void>((resolve) => (cancel = this.clock.after(this.leaseMs, resolve, true)));
    // Where another one takes over meanwhile, the session tells of it.
    await Promise.race([waited, session.flushed().catch(() => undefined)]);
    cancel?.();
  }

  /** If this fails, the lease runs out by itself. */
  async #release(): Promise<void> {
    if (!this.#leased) return;
    this.#leased = false;
    await this.engine.release(this.key, this.owner).catch(() => undefined);
  }

  #leave(session: Session<S>, vanished: boolean): void {
    this.#repairs += session.repairs;
    this.#session = undefined;
    this.commands?.close();
    const commits = session.pending;
    const changes = session.pendingCommits.flatMap((commit) => readChanges(commit));
    const state = session.stream.state;
    const { isSuspended } = session;
    session.end();
    if (!isSuspended) this.#tellLeading(false, undefined);
    if (commits > 0 || vanished) this.#tell(() => this.#hooks.onLost?.({ commits, changes, vanished, state }));
  }

  #campaignIn(ms: number): void {
    this.#cancelTimer?.();
    if (this.#closed === undefined)
      this.#cancelTimer = this.clock.after(ms * (0.75 + this.clock.random() / 2), () => this.#campaign());
  }

  #campaign(): void {
    if (this.#campaigning !== undefined || this.#session !== undefined || this.#closed !== undefined) return;
    this.#campaigning = this.#try().then((pauseMs) => {
      this.#campaigning = undefined;
      if (this.#session === undefined) this.#campaignIn(pauseMs);
    });
  }

  /** Tries to lead. Returns when to try again, in milliseconds. */
  async #try(): Promise<number> {
    try {
      this.#leasedAt = this.clock.elapsed();
      const reply = await this.engine.acquire(this.key, this.owner, this.leaseMs);
      this.#leased = reply.status === "ok";
      if (reply.status !== "empty") this.#emptySince = undefined;
      if (reply.status === "held") return Math.max(MIN_PAUSE_MS, Math.min(this.leaseMs, reply.remainingMs));
      if (reply.status === "ok") await this.#takeOver();
      else await this.#found();
      this.#failures = 0;
    } catch (cause) {
      this.#emptySince = undefined;
      if (this.#failures++ === 0) {
        const what = `The writer of stream "${this.key}" could not try to lead`;
        this.report(failure("backplane-failed", what, cause, "It is retried."));
      }
      // Another one may be able to.
      await this.#release();
    }
    return this.leaseMs / 3;
  }

  /** The lease is ours, so what the engine has now is what this writer goes on from. */
  async #takeOver(): Promise<void> {
    const reply = await this.engine.read(this.key, undefined);
    if (reply.status === "snapshot") {
      const { checkpoint, entries, head } = reply;
      this.#begin(head, entries, checkpointAtHead(checkpoint.body, entries, this.clock));
    } else if (reply.status === "broken") {
      await this.#install(true);
    }
  }

  /** Nothing is kept of the stream: it is new, or the engine has lost it. */
  async #found(): Promise<void> {
    if (this.#follower.stream.position !== undefined) {
      // Whoever leads will put it in place again, and is given the time of a lease to do so.
      this.#emptySince ??= this.clock.elapsed();
      if (this.clock.elapsed() - this.#emptySince < this.leaseMs) return;
    }
    await this.#install(false);
  }

  /** Puts the stream in place: from this node's copy, else as a new one. */
  async #install(force: boolean): Promise<void> {
    const { stream } = this.#follower;
    const { position } = stream;
    if (position === undefined) return await this.#create(force);
    const body = stream.checkpoint();
    if (await this.#installed(position, body, force)) this.#begin(position, [], body);
  }

  async #create(force: boolean): Promise<void> {
    if (this.#closed !== undefined) return;
    const epoch = this.clock.epoch();
    const position = { epoch, seq: 0 };
    const session = new Session<S>(this, this.#leasedAt, position, [], (onCommit) =>
      continueStream(this.#streamOptions(), { epoch, onCommit }, this.clock),
    );
    let leads = false;
    try {
      // Until it is in place nobody may be told of changes: the session has not started.
      leads = await this.#installed(position, session.checkpoint(), force);
    } finally {
      if (!leads || this.#closed !== undefined) session.end();
    }
    if (!leads || this.#closed !== undefined) return;
    this.#lead(session);
    this.#tellLeading(true, this.#hasSource ? undefined : this.state);
  }

  async #installed(position: Position, body: string, force: boolean): Promise<boolean> {
    const { owner, leaseMs } = this;
    this.#leasedAt = this.clock.elapsed();
    const request = { owner, checkpoint: { position, body }, entries: [], leaseMs, force };
    const { status } = await this.engine.install(this.key, request);
    this.#leased ||= status === "ok";
    return status === "ok";
  }

  /** Goes on from a checkpoint that is the engine's head. */
  #begin(position: Position, entries: readonly Commit[], checkpoint: string): void {
    if (this.#closed !== undefined) return;
    const { state, removed } = readState(checkpoint);
    // A store takes the state in before it is looked at.
    if (this.#hasSource) this.#tellLeading(true, state as Jsonified<S>);
    if (this.#closed !== undefined) return this.#tellLeading(false, undefined);
    let session: Session<S> | undefined;
    try {
      const epoch = this.clock.epoch();
      session = new Session<S>(this, this.#leasedAt, position, entries, (onCommit) =>
        continueStream(this.#streamOptions(state, removed), { epoch, onCommit }, this.clock),
      );
      session.rebase(checkpoint, epoch);
    } catch (error) {
      session?.end();
      if (this.#hasSource) this.#tellLeading(false, undefined);
      throw error;
    }
    this.#lead(session);
    if (!this.#hasSource) this.#tellLeading(true, this.state);
  }

  /** The state that the stream says, and of slices it has never heard of what the options say. */
  #streamOptions(state: Record<string, unknown> = {}, removed: readonly string[] = []): StreamOptions<S> {
    // Nobody connects to it, so it needs no log; whoever sets is told what is wrong with a value, of a store we are.
    const options = { ...this.#options, maxLogBytes: 0 };
    if (this.#hasSource || !("initialState" in options)) return { onError: this.report, ...options };
    const own = new Map(Object.entries(options.initialState));
    for (const slice of removed) own.delete(slice);
    for (const [slice, value] of Object.entries(state)) own.set(slice, value);
    return { ...options, initialState: Object.fromEntries(own) as S };
  }

  #lead(session: Session<S>): void {
    this.#session = session;
    session.start();
    this.commands?.open();
    this.#resolveWaiters();
  }

  #resolveWaiters(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  #tellLeading(leading: boolean, state: Readonly<Jsonified<S>> | undefined): void {
    this.#tell(() => this.#hooks.onLeadership?.(leading, { state }));
  }

  #tell(callback: () => void): void {
    try {
      callback();
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

/** Whatever is wrong with the options is said now, not when this node comes to lead. */
function checkOptions<S extends object>(options: StreamOptions<S>): void {
  if (!("source" in options) || options.source === undefined) {
    void createStateStream(options as OwnStateOptions<S>).close();
    return;
  }
  const { source, slices, ...others } = options;
  if (typeof source.getState !== "function" || typeof source.subscribe !== "function")
    throw new StateStreamError("invalid-option", "The option source must have getState and subscribe.");
  // The store is not looked at before this node leads, nor asked which slices are shown.
  const nothing = { getState: () => ({}) as S, subscribe: () => () => undefined };
  const names = Array.isArray(slices) ? { slices: slices as readonly (keyof S & string)[] } : {};
  void createStateStream<S>({ ...others, ...names, source: nothing }).close();
}

function closedError(key: string): StateStreamError {
  return new StateStreamError("stream-closed", `The writer of stream "${key}" is closed; make a new one.`);
}
