import type { Jsonified } from "@statestream/core";
import { continueStream, readState } from "@statestream/core/backplane";
import type { Candidate } from "./candidate.ts";
import { checkpointAtHead } from "./checkpoints.ts";
import type { Commit, Position } from "./engine.ts";
import type { Follower } from "./follower.ts";
import { Session, type SessionHost } from "./session.ts";
import { optionsFrom, type StreamOptions } from "./writer-options.ts";

export interface SessionStartHost<S extends object> {
  readonly session: SessionHost<S>;
  readonly candidate: Candidate;
  /** This node's copy of the stream. */
  readonly follower: Follower;
  readonly options: StreamOptions<S>;
  /** Whether the state is a store's. */
  readonly hasSource: boolean;
  readonly isClosed: boolean;
  /** This session leads from now on. */
  lead(session: Session<S>): void;
  notifyLeadership(leading: boolean, state: Readonly<Jsonified<S>> | undefined): void;
}

/** Starts the sessions of a writer: from what the engine has, from this node's copy, or with a new stream. */
export class SessionStart<S extends object> {
  readonly #host: SessionStartHost<S>;

  constructor(host: SessionStartHost<S>) {
    this.#host = host;
  }

  /** The lease is held, so the session continues from what the engine has now. */
  async takeOver(): Promise<void> {
    const { largeCalls, key, clock } = this.#host.session;
    const reply = await largeCalls.read(key, undefined);
    if (reply.status === "snapshot") {
      const { checkpoint, entries, head } = reply;
      this.#begin(head, entries, checkpointAtHead(checkpoint.body, entries, clock));
    } else if (reply.status === "broken") {
      await this.install(true);
    }
  }

  /** Installs the stream: from this node's copy, or else as a new one. */
  async install(force: boolean): Promise<void> {
    const { candidate, follower } = this.#host;
    const { position } = follower.stream;
    if (position === undefined) return await this.#create(force);
    const body = follower.stream.checkpoint();
    if (await candidate.install({ checkpoint: { position, body }, force })) this.#begin(position, [], body);
  }

  async #create(force: boolean): Promise<void> {
    const host = this.#host;
    if (host.isClosed) return;
    const epoch = host.session.clock.epoch();
    const position = { epoch, seq: 0 };
    const session = this.#session(position, [], epoch, {}, []);
    let leads = false;
    try {
      // The session has not started: no change may be published before the stream is installed.
      leads = await host.candidate.install({ checkpoint: { position, body: session.checkpoint() }, force });
    } finally {
      if (!leads || host.isClosed) session.end();
    }
    if (!leads || host.isClosed) return;
    host.lead(session);
    host.notifyLeadership(true, host.hasSource ? undefined : session.stream.state);
  }

  /** Continues from a checkpoint that is the engine's head. */
  #begin(position: Position, entries: readonly Commit[], checkpoint: string): void {
    const host = this.#host;
    if (host.isClosed) return;
    const { state, removed } = readState(checkpoint);
    // A store takes over the state before it is read.
    if (host.hasSource) host.notifyLeadership(true, state as Jsonified<S>);
    if (host.isClosed) return host.notifyLeadership(false, undefined);
    let session: Session<S> | undefined;
    try {
      const epoch = host.session.clock.epoch();
      session = this.#session(position, entries, epoch, state, removed);
      session.rebase(checkpoint, epoch);
    } catch (error) {
      session?.end();
      if (host.hasSource) host.notifyLeadership(false, undefined);
      throw error;
    }
    host.lead(session);
    if (!host.hasSource) host.notifyLeadership(true, session.stream.state);
  }

  #session(
    position: Position,
    entries: readonly Commit[],
    epoch: string,
    state: Record<string, unknown>,
    removed: readonly string[],
  ): Session<S> {
    const { session: host, candidate, options } = this.#host;
    return new Session<S>(host, candidate.leasedAt, position, entries, (onCommit) =>
      continueStream(optionsFrom(options, state, removed, host.report), { epoch, onCommit }, host.clock),
    );
  }
}
