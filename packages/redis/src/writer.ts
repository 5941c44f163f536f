import {
  createStateStream,
  type OwnStateOptions,
  type SourceOptions,
  StateStreamError,
  type WritableStateStream,
} from "@statestream/core";
import { type Clock, continueStream, readState } from "@statestream/core/backplane";
import type { Engine, Entry, Position } from "./engine.ts";
import type { Follower } from "./follower.ts";
import { checkpointAtHead, Session, type SessionHost } from "./session.ts";

/** What became of changes that were made while another writer took over. */
export interface LostChanges<S> {
  /** How many commits are known to be missing from the stream, or not known to be in it. */
  readonly commits: number;
  /** The state as it was here, with them. */
  readonly state: Readonly<S>;
}

/** How a writer learns where it stands. */
export interface WriterHooks<S> {
  /**
   * Called when this writer begins and ceases to lead. When it begins, `state` is what the stream says: a store should take
   * it in there and then; what it has that is different becomes the first change.
   */
  onLeadership?: (leading: boolean, details: { readonly state: Readonly<S> | undefined }) => void;
  /** Called when another writer took over before the engine had acknowledged changes made here. */
  onLost?: (lost: LostChanges<S>) => void;
}

/** A stream's one source of changes, among all nodes that want to be it. */
export interface StateWriter<S extends object> {
  /** Whether changes made here reach the stream. */
  readonly leading: boolean;
  /** The state with every change made here; of a writer that does not lead, what this node knows of it. */
  readonly state: Readonly<S>;
  /** Resolves when it leads. @throws {StateStreamError} `stream-closed`, when it is closed before. */
  leads(): Promise<void>;
  /** Resolves when the engine has every change made so far. @throws {StateStreamError} `not-leading`, when another took over. */
  flushed(): Promise<void>;
  /** Hands over: flushes, for at most the time of a lease, then lets another writer lead at once. Clients notice nothing. */
  close(): Promise<void>;
}

/** A writer that owns its state. Its methods throw `not-leading` while another node leads. */
export interface OwnStateWriter<S extends object>
  extends StateWriter<S>, Pick<WritableStateStream<S>, "set" | "patch" | "remove" | "batch"> {}

export type WriterOptions<S extends object> = (OwnStateOptions<S> | SourceOptions<S>) & WriterHooks<S>;

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
  readonly leading: boolean;
  /** How many entries, or whole streams, it gave the engine again. */
  readonly repairs: number;
  close(): Promise<void>;
}

/** Wants to lead: tries for the lease until it has it, then keeps a session until it loses it. */
export class Writer<S extends object> implements OwnStateWriter<S>, WriterOfNode, SessionHost<S> {
  readonly key: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly owner: string;
  readonly leaseMs: number;
  readonly report: (error: StateStreamError) => void;
  readonly #options: WriterOptions<S>;
  readonly #follower: Follower;
  readonly #onClose: () => void;
  #session: Session<S> | undefined;
  /** Of sessions that are over. */
  #repairs = 0;
  #campaigning = false;
  #closed: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Since when nothing has been kept of a stream that this node has a copy of: milliseconds elapsed. */
  #emptySince: number | undefined;
  #waiters: { resolve: () => void; reject: (error: StateStreamError) => void }[] = [];

  constructor(key: string, options: WriterOptions<S>, parts: WriterParts) {
    this.key = key;
    this.engine = parts.engine;
    this.clock = parts.clock;
    this.owner = parts.owner;
    this.leaseMs = parts.leaseMs;
    this.report = parts.report;
    this.#options = options;
    this.#follower = parts.follower;
    this.#onClose = parts.onClose;
    // Whatever is wrong with the options is said now, not when this node comes to lead.
    if ("initialState" in options) void createStateStream(options).close();
    this.#follower.onHead = () => void this.#campaign();
    void this.#campaign();
  }

  get leading(): boolean {
    return this.#session !== undefined;
  }

  get repairs(): number {
    return this.#repairs + (this.#session?.repairs ?? 0);
  }

  get state(): Readonly<S> {
    return (this.#session?.stream ?? this.#follower.stream).state as Readonly<S>;
  }

  leads(): Promise<void> {
    if (this.leading) return Promise.resolve();
    if (this.#closed !== undefined) return Promise.reject(closedError(this.key));
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async flushed(): Promise<void> {
    await this.#lead().flushed();
  }

  set: OwnStateWriter<S>["set"] = (...args) => this.#stream().set(...args);
  patch: OwnStateWriter<S>["patch"] = (...args) => this.#stream().patch(...args);
  remove: OwnStateWriter<S>["remove"] = (...args) => this.#stream().remove(...args);
  batch: OwnStateWriter<S>["batch"] = (...args) => this.#stream().batch(...args);

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  lost(session: Session<S>): void {
    if (session !== this.#session) return;
    this.#repairs += session.repairs;
    this.#session = undefined;
    const commits = session.pending.length;
    const state = session.stream.state as Readonly<S>;
    this.#tell(() => this.#options.onLeadership?.(false, { state: undefined }));
    if (commits > 0 || session.overflowed) this.#tell(() => this.#options.onLost?.({ commits, state }));
    this.#campaignIn(this.leaseMs / 3);
  }

  async #close(): Promise<void> {
    this.#cancelTimer?.();
    this.#follower.onHead = undefined;
    for (const { reject } of this.#waiters.splice(0)) reject(closedError(this.key));
    const session = this.#session;
    if (session !== undefined) {
      await Promise.race([
        session.flushed().catch(() => undefined),
        new Promise<void>((resolve) => this.clock.after(this.leaseMs, resolve, true)),
      ]);
      this.#session = undefined;
      await session.end();
      // If this fails, the lease runs out by itself.
      await this.engine.release(this.key, this.owner).catch(() => undefined);
      this.#tell(() => this.#options.onLeadership?.(false, { state: undefined }));
    }
    this.#onClose();
  }

  #campaignIn(ms: number): void {
    this.#cancelTimer?.();
    if (this.#closed === undefined)
      this.#cancelTimer = this.clock.after(ms * (0.75 + this.clock.random() / 2), () => void this.#campaign());
  }

  async #campaign(): Promise<void> {
    if (this.#campaigning || this.#session !== undefined || this.#closed !== undefined) return;
    this.#campaigning = true;
    let again = this.leaseMs / 3;
    try {
      const reply = await this.engine.acquire(this.key, this.owner, this.leaseMs);
      if (reply.status === "ok") await this.#takeOver();
      else if (reply.status === "empty") await this.#found();
      else again = Math.min(again, reply.remainingMs);
      if (reply.status !== "empty") this.#emptySince = undefined;
    } catch (cause) {
      const message = `No lease was to be had of stream "${this.key}": ${String(cause)}. It is tried again.`;
      this.report(new StateStreamError("backplane-failed", message, { cause }));
    }
    this.#campaigning = false;
    if (this.#session === undefined) this.#campaignIn(again);
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
    const position = { epoch: this.clock.epoch(), seq: 0 };
    this.#tellLeading(undefined);
    const session = new Session<S>(this, position, [], (onCommit) => {
      return continueStream(this.#streamOptions(), { epoch: position.epoch, onCommit }, this.clock);
    });
    // Until it is in place nobody else may be told of changes, and there are none: the writer does not lead yet.
    if (await this.#installed(position, session.checkpoint(), force)) this.#leads(session);
    else await session.end();
  }

  async #installed(position: Position, body: string, force: boolean): Promise<boolean> {
    const { owner, leaseMs } = this;
    const request = { owner, checkpoint: { position, body }, entries: [], leaseMs, force };
    return (await this.engine.install(this.key, request)).status === "ok";
  }

  /** Goes on from a checkpoint that is the engine's head. */
  #begin(position: Position, entries: readonly Entry[], checkpoint: string): void {
    if (this.#closed !== undefined) return;
    const { state, removed } = readState(checkpoint);
    this.#tellLeading(state as S);
    const epoch = this.clock.epoch();
    const session = new Session<S>(this, position, entries, (onCommit) => {
      const options = this.#streamOptions(state, removed);
      return continueStream(options, { epoch, onCommit }, this.clock);
    });
    session.rebase(checkpoint, epoch);
    this.#leads(session);
  }

  /** The state that the stream says, and of slices it has never heard of what the options say. */
  #streamOptions(
    state: Record<string, unknown> = {},
    removed: readonly string[] = [],
  ): OwnStateOptions<S> | SourceOptions<S> {
    const options = { ...this.#options, maxLogEvents: 0, maxLogBytes: 0 };
    if (!("initialState" in options)) return options;
    const own = new Map(Object.entries(options.initialState));
    for (const slice of removed) own.delete(slice);
    for (const [slice, value] of Object.entries(state)) own.set(slice, value);
    return { ...options, initialState: Object.fromEntries(own) as S };
  }

  #leads(session: Session<S>): void {
    this.#session = session;
    if ("initialState" in this.#options) this.#tell(() => this.#options.onLeadership?.(true, { state: this.state }));
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /** A store takes the state in before it is looked at. */
  #tellLeading(state: Readonly<S> | undefined): void {
    if (!("initialState" in this.#options)) this.#tell(() => this.#options.onLeadership?.(true, { state }));
  }

  #tell(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      const message = `A callback of the writer of stream "${this.key}" threw: ${String(cause)}. The writer goes on.`;
      this.report(new StateStreamError("listener-failed", message, { cause }));
    }
  }

  #lead(): Session<S> {
    if (this.#session !== undefined) return this.#session;
    throw new StateStreamError(
      "not-leading",
      `Another node leads stream "${this.key}", or none yet: wait for leads(), or send the change to the one that does.`,
    );
  }

  #stream(): WritableStateStream<S> {
    return this.#lead().stream;
  }
}

function closedError(key: string): StateStreamError {
  return new StateStreamError("stream-closed", `The writer of stream "${key}" is closed; make a new one.`);
}
