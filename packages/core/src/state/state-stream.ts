import type { Clock } from "../support/clock.ts";
import type { CloseReason, Connection, Ending } from "../delivery/connection.ts";
import { StateConnection } from "../delivery/state-connection.ts";
import { connectChannel } from "../support/diagnostics.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import { formatEventId, parseEventId, selectionSuffix } from "../protocol/event-id.ts";
import { Hub } from "../delivery/hub.ts";
import { isRecord } from "../json/json.ts";
import type { Jsonified } from "../json/jsonified.ts";
import { Log } from "../log/log.ts";
import { expiryOf, isNames, type Settings } from "./options.ts";
import type { Audience } from "../delivery/audience.ts";
import { LoggedState } from "./logged-state.ts";
import { Subscribers } from "./subscribers.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { Turn } from "./turn.ts";
import { warn } from "../support/warn.ts";

/** Options of one connection. */
export interface ConnectOptions {
  /** Where the client left off. Comes from a client: whatever is wrong with it leads to a snapshot, never to an error. */
  lastEventId?: string | undefined;
  /** Narrows the connection to these slices; names that are not there yet wait for their slice. An empty list selects nothing. */
  slices?: readonly string[] | undefined;
  /** Closes the connection when aborted. */
  signal?: AbortSignal | undefined;
  /** When what let the client in expires: it then gets `state.end` with `expired`, and nothing after. A Date, or milliseconds since 1970. */
  expiresAt?: Date | number | undefined;
  /** Anything; kept as `connection.context`. */
  context?: unknown;
  /** Called once, when the connection is closed. */
  onClose?: ((reason: CloseReason) => void) | undefined;
}

const CONNECT_OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = {
  lastEventId: true,
  slices: true,
  signal: true,
  expiresAt: true,
  context: true,
  onClose: true,
};

const CONNECT_NAMES: readonly string[] = Object.keys(CONNECT_OPTIONS);

export interface SnapshotOptions {
  /** The slices of the client, as `connect` takes them. Default: every slice. */
  readonly slices?: readonly string[] | undefined;
}

/** The state at a position, as a client of these slices has it there. */
export interface StateSnapshot<State = object> {
  /** Shared with the stream: read only. */
  readonly state: State;
  /** The event ID from which such a client resumes; empty while a stream that follows another's log has no state yet. */
  readonly eventId: string;
}

/** Figures of a stream: counted since it was made in this process, unless a member says otherwise. */
export interface StateStreamStats {
  /** Open connections. */
  readonly connections: number;
  /**
   * Events that this process put into the log. A stream that follows or continues another's log counts those it received
   * or made, so the sequence number in `eventId` can be far higher.
   */
  readonly events: number;
  /** The position of the log. */
  readonly eventId: string;
  /** Events the log holds. */
  readonly logEvents: number;
  /** Bytes the log holds. */
  readonly logBytes: number;
  /** Milliseconds since the oldest event of the log was made; 0 while it holds none. How far back a client can resume. */
  readonly logAgeMs: number;
  /** Bytes handed to writers. */
  readonly bytesWritten: number;
  /** Snapshots handed to writers, by reason. */
  readonly snapshots: Readonly<Partial<Record<SnapshotReason, number>>>;
  /** Events that carried a whole value instead of patches. */
  readonly replacements: number;
  /** Connections closed, by reason. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
  /** Errors survived. */
  readonly errors: number;
}

/** A state that clients follow. */
export interface StateStream<S extends object = object> {
  /**
   * The state that the log has reached, as clients see it: what JSON carries of the visible slices. Objects are shared with
   * the stream, and may be the application's own: do not mutate them.
   */
  readonly state: Readonly<Jsonified<S>>;
  /** The position of the log as an event ID. */
  readonly eventId: string;
  /** How the stream was closed; `undefined` while it is open. */
  readonly closing: Ending | undefined;
  /**
   * The open connections at this moment; `connection.context` says whose they are. To cut off a user:
   * `for (const connection of stream.connections) if (connection.context === userId) connection.end("revoked")`.
   */
  readonly connections: Iterable<Connection>;
  /** Figures for an operator. */
  stats(): StateStreamStats;
  /**
   * What a client of these slices would hold now, and the event ID with which it resumes from there: for HTML that is
   * rendered on a server, and for `initial` of a client. Give the `slices` that its connection will be narrowed to; a
   * client that resumes with another selection gets a snapshot. Default: every slice.
   *
   * @throws {StateStreamError} `invalid-option`
   */
  snapshot(): StateSnapshot<Readonly<Jsonified<S>>>;
  snapshot(options: SnapshotOptions): StateSnapshot<Partial<Readonly<Jsonified<S>>>>;
  /**
   * Calls `listener` after changes: once per flush, never inside the call that made the change, and after that call's
   * batch. With `state` this makes any stream a store. The returned function stops it. What a listener throws is reported
   * as `listener-failed`.
   *
   * @throws {StateStreamError} `invalid-option`
   */
  subscribe(listener: () => void): () => void;
  /**
   * Opens a connection: position, snapshot and subscription in one synchronous turn, which is that of the first read; a
   * change before it is in the snapshot. Close it when the client leaves.
   * To a closed stream, or beyond `maxConnections`, it gives a connection that says `state.end`.
   *
   * @throws {StateStreamError} `invalid-option`
   */
  connect(options?: ConnectOptions): Connection;
  /**
   * Ends every connection with `state.end`, and the stream with them. Resolves when all are closed, at most half a second
   * later: a client that has not taken its end by then is cut off. Called inside a batch or an updater, it closes the stream
   * after that commit. Changes after it throw `stream-closed`: stop what feeds the stream first. Default: reason `closed`,
   * `retry: true`. With `retry: false` clients must not come back, and adapters answer later requests with 204.
   */
  close(ending?: Partial<Ending>): Promise<void>;
}

/**
 * The state that a stream's clients hold, for `createStateClient<StateOf<typeof stream>>(url)`. A client that does not
 * select, or may not see, every slice holds only some of them: use `Partial<StateOf<typeof stream>>` for it.
 */
export type StateOf<Stream extends { readonly state: object }> = Stream["state"];

/**
 * What every stream consists of: the logged state, the log and its connections. Where changes come from is another's
 * part: a `Publisher` fed by own state or a source, or, in the one subclass, the log of another process. The members
 * that `StateStream` does not name are for those.
 */
export class BaseStateStream<S extends object> implements StateStream<S> {
  readonly clock: Clock;
  readonly settings: Settings<S>;
  readonly log: Log;
  readonly logged: LoggedState;
  readonly hub: Hub;
  readonly #subscribers: Subscribers;
  /** The order of everything that changes or closes the stream. */
  readonly turn: Turn = new Turn();
  #state: Readonly<Jsonified<S>> | undefined;
  readonly #warned = new Set<string>();
  #errors = 0;
  #closing: Ending | undefined;
  #closed: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #detach: () => void = () => undefined;

  constructor(clock: Clock, settings: Settings<S>) {
    const report = (error: StateStreamError): void => this.report(error);
    this.clock = clock;
    this.settings = settings;
    this.log = new Log(settings, () => clock.epoch());
    this.logged = new LoggedState(settings, report);
    this.#subscribers = new Subscribers(clock, report);
    this.hub = new Hub(settings, { clock, log: this.log, slices: this.logged }, report);
  }

  get state(): Readonly<Jsonified<S>> {
    this.#state ??= this.logged.toState() as Readonly<Jsonified<S>>;
    return this.#state;
  }

  get eventId(): string {
    return formatEventId(this.log.epochAt(this.log.head), this.log.head, "");
  }

  get closing(): Ending | undefined {
    return this.#closing;
  }

  get connections(): StateConnection[] {
    return this.hub.connections;
  }

  stats(): StateStreamStats {
    const { bytesWritten, snapshots, closed } = this.hub.counted;
    return {
      connections: this.hub.size,
      events: this.log.appended,
      eventId: this.eventId,
      logEvents: this.log.events,
      logBytes: this.log.bytes,
      logAgeMs: Math.max(0, this.clock.now() - (this.log.oldestAt ?? Infinity)),
      bytesWritten,
      snapshots: { ...snapshots },
      replacements: this.log.replacements,
      closed: { ...closed },
      errors: this.#errors,
    };
  }

  snapshot(options: SnapshotOptions = {}): StateSnapshot<Readonly<Jsonified<S>>> {
    checkOptionNames("snapshot", options, ["slices"]);
    const names = selectedNames(options.slices, "snapshot");
    const { eventId } = this;
    return {
      state: names === undefined ? this.state : (this.logged.toState(names) as Jsonified<S>),
      eventId: eventId && eventId + selectionSuffix(names),
    };
  }

  subscribe(listener: () => void): () => void {
    return this.#subscribers.add(listener);
  }

  connect(options: ConnectOptions = {}): StateConnection {
    checkOptionNames("connect", options, CONNECT_NAMES);
    const { signal, context, onClose } = options;
    const names = selectedNames(options.slices, "connect");
    const audience = this.hub.audience(names);
    const refused = this.#closing ?? (this.hub.full ? { reason: "overloaded" as const, retry: true } : undefined);
    // Whoever is not let in must not cost a snapshot to find out what it missed.
    const start = refused === undefined ? this.start(options.lastEventId || undefined, audience) : 0;
    const leave = (): void => connection.destroy("disconnected");
    const connection = new StateConnection(this.hub, audience, {
      start,
      refused,
      expiresAt: expiryOf(options.expiresAt),
      // Spread, so that clients that came together do not leave together.
      agesAt: this.clock.elapsed() + this.settings.maxAgeMs * (1 - this.clock.random() / 5),
      context,
      onClose: (closeReason) => {
        signal?.removeEventListener("abort", leave);
        onClose?.(closeReason);
      },
    });
    if (connectChannel.hasSubscribers) connectChannel.publish({ connection, refused: refused?.reason });
    if (refused === undefined) this.hub.add(connection);
    if (signal?.aborted === true) leave();
    else signal?.addEventListener("abort", leave);
    return connection;
  }

  close(ending?: Partial<Ending>): Promise<void> {
    // After the change under way: closing first would leave clients without its commit.
    this.#closed ??= new Promise((resolve) => {
      this.turn.run(() => resolve(this.#end(ending)));
    });
    return this.#closed;
  }

  #end({ reason = "closed", retry = true }: Partial<Ending> = {}): Promise<void> | undefined {
    // Called again where a callback of a connection that is being closed closes the stream too.
    if (this.#closing !== undefined) return this.#ended;
    this.#closing = { reason, retry };
    try {
      this.#detach();
    } catch (cause) {
      const message = withCause("The source's unsubscribe threw", cause, "The stream is closed all the same.");
      this.report(new StateStreamError("source-failed", message, { cause }));
    }
    this.#ended = this.hub.endAll(this.#closing);
    return this.#ended;
  }

  /** The log and the logged state were replaced: every connection needs a snapshot. `gone`: slices that are not there any more. */
  restarted(gone: readonly string[]): void {
    this.#state = undefined;
    this.#subscribers.schedule();
    this.hub.restarted("repaired", gone);
  }

  /** These events were appended to the log, after `position`. */
  published(events: readonly { readonly slice: string; readonly hidden: boolean }[], position: number): void {
    this.#state = undefined;
    this.#subscribers.schedule();
    this.hub.published(events, position);
  }

  /** Sets what `close` calls to stop the stream's changes. */
  onClosing(detach: () => void): void {
    this.#detach = detach;
  }

  /** Passes an error to `onError`; without it, the process is warned once per code. */
  report(error: StateStreamError): void {
    this.#errors++;
    try {
      if (this.settings.onError === undefined) this.#warn(error.code, error.message);
      else this.settings.onError(error);
    } catch (thrown) {
      this.#warn("onError", withCause("The option onError threw", thrown));
    }
  }

  /** One warning for each thing that goes wrong, however often it does. */
  #warn(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    warn(text);
  }

  /** Where a client resumes, or why it needs a snapshot. The order of reasons is the protocol's. */
  protected start(lastEventId: string | undefined, audience: Audience): number | SnapshotReason | undefined {
    if (lastEventId === undefined) return "connect";
    const id = parseEventId(lastEventId);
    if (id === undefined) return "invalid-id";
    if (!this.log.includes(id.epoch, id.seq)) return "epoch";
    if (audience.suffix !== (id.selection === undefined ? "" : `.${id.selection}`)) return "selection";
    return audience.head <= id.seq || audience.replays(id.seq, false) ? id.seq : "trimmed";
  }
}

/**
 * The names of a selection: sorted and without repetition; `undefined` selects everything.
 *
 * @throws {StateStreamError} `invalid-option`
 */
function selectedNames(slices: readonly string[] | undefined, method: string): readonly string[] | undefined {
  if (slices === undefined) return undefined;
  if (isNames(slices)) return [...new Set(slices)].sort();
  throw new StateStreamError("invalid-option", `The option slices of ${method} must be a list of names.`);
}

/** @throws {StateStreamError} `invalid-state` */
export function checkState(state: unknown, origin: string): asserts state is Record<string, unknown> {
  if (isRecord(state)) return;
  const given = Array.isArray(state) ? "an array" : state === null ? "null" : `a ${typeof state}`;
  throw new StateStreamError("invalid-state", `${origin} is ${given}; it must be an object with one member per slice.`);
}
