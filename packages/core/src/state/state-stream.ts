import type { Clock } from "../support/clock.ts";
import type { Ending } from "../delivery/connection.ts";
import { StateConnection } from "../delivery/state-connection.ts";
import { connectChannel } from "../support/diagnostics.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import type { Cause, SnapshotReason } from "../protocol/events.ts";
import { formatEventId, parseEventId, selectionSuffix } from "../protocol/event-id.ts";
import { Hub, type HubParts } from "../delivery/hub.ts";
import type { Published } from "../delivery/notifier.ts";
import type { Jsonified } from "../json/jsonified.ts";
import { Log } from "../log/log.ts";
import type { SliceChange } from "../log/slice-change.ts";
import { selectedNames, termsOf } from "./connect-options.ts";
import { ErrorReport } from "./error-report.ts";
import { expiryOf, type Settings } from "./options.ts";
import type { Audience } from "../delivery/audience.ts";
import { LoggedState } from "./logged-state.ts";
import { Subscribers } from "./subscribers.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { Turn } from "./turn.ts";
import type { AttachedViews, Attachment, ViewedStream, ViewParent } from "./viewed-stream.ts";
import type { ConnectOptions, SnapshotOptions, StateSnapshot, StateStreamStats, StateStream } from "./stream.ts";

/** A connection that waits for its start. */
export interface Waiting {
  readonly lastEventId: string | undefined;
  /** Milliseconds elapsed. */
  readonly since: number;
}

/**
 * The parts of every stream: the logged state, the log and its connections. Its changes come from another class: a
 * `Publisher` with own state or a source, or, in the one subclass, the log of another process. The members
 * that `StateStream` does not have are for those.
 */
export class BaseStateStream<S extends object> implements StateStream<S>, ViewedStream, ViewParent {
  readonly clock: Clock;
  readonly settings: Settings<S>;
  readonly log: Log;
  readonly logged: LoggedState;
  readonly hub: Hub;
  readonly #subscribers: Subscribers;
  /** The order of everything that changes or closes the stream. */
  readonly turn: Turn = new Turn();
  #state: Readonly<Jsonified<S>> | undefined;
  readonly #errors: ErrorReport<S>;
  #closing: Ending | undefined;
  #closed: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #detach: () => void = () => undefined;

  /** The views of this stream that have been used lately. */
  readonly #views = new Set<AttachedViews>();
  /** Connections whose start is not known yet, in the order in which they came: only where `start` gives `undefined`. */
  protected readonly waiting: Map<StateConnection, Waiting> = new Map<StateConnection, Waiting>();

  /** `hub`: parts that its connections share with those of other streams, and what must happen before they read. */
  constructor(clock: Clock, settings: Settings<S>, hub: Pick<HubParts, "catchUp" | "budget"> = {}) {
    const report = (error: StateStreamError): void => this.report(error);
    this.clock = clock;
    this.settings = settings;
    this.#errors = new ErrorReport(settings);
    this.log = new Log(settings, () => clock.epoch());
    this.logged = new LoggedState(settings, report);
    this.#subscribers = new Subscribers(clock, this);
    this.hub = new Hub(settings, { ...hub, clock, log: this.log, slices: this.logged }, report);
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

  /** The number of open connections, including those of its views. */
  get size(): number {
    let { size } = this.hub;
    for (const views of this.#views) size += views.size;
    return size;
  }

  get isFull(): boolean {
    const { maxConnections } = this.settings;
    return maxConnections !== Infinity && this.size >= maxConnections;
  }

  get isStale(): boolean {
    return this.hub.stale;
  }

  setStale(stale: boolean): void {
    this.hub.stale = stale;
    for (const views of this.#views) views.staleChanged();
  }

  get head(): number {
    return this.log.head;
  }

  get mutations(): number {
    return this.logged.mutations;
  }

  causeSince(seq: number): Cause | undefined {
    if (!this.log.holds(seq, undefined)) return undefined;
    const [first, ...others] = this.log.after(seq, undefined);
    if (first?.cause === undefined || others.some(({ cause }) => cause !== first.cause)) return undefined;
    return JSON.parse(first.cause) as Cause;
  }

  attachViews(views: AttachedViews): Attachment {
    this.#views.add(views);
    return { parent: this, detach: () => void this.#views.delete(views) };
  }

  stats(): StateStreamStats {
    const { bytesWritten, snapshots, closed } = this.hub.counted;
    return {
      connections: this.hub.size,
      events: this.log.totalEvents,
      eventId: this.eventId,
      logEvents: this.log.events,
      logBytes: this.log.bytes,
      logAgeMs: Math.max(0, this.clock.now() - (this.log.oldestAt ?? Infinity)),
      bytesWritten,
      snapshots: { ...snapshots },
      replacements: this.log.replacements,
      closed: { ...closed },
      errors: this.#errors.count,
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
    const audience = this.hub.audience(termsOf(options));
    const { signal, revoked, context, onClose } = options;
    const refused: Ending | undefined =
      revoked?.aborted === true ? { reason: "revoked", retry: false } : this.refusal();
    // A client that is refused must not cost the work of finding out what it missed.
    const start = refused === undefined ? this.start(options.lastEventId || undefined, audience) : 0;
    const leave = (): void => connection.destroy("disconnected");
    const revoke = (): void => connection.end("revoked");
    const connection = new StateConnection(this.hub, audience, {
      start,
      refused,
      expiresAt: expiryOf(options.expiresAt),
      // Spread, so that clients that came together do not leave together.
      agesAt: this.clock.elapsed() + this.settings.maxAgeMs * (1 - this.clock.random() / 5),
      context,
      onClose: (closeReason) => {
        signal?.removeEventListener("abort", leave);
        revoked?.removeEventListener("abort", revoke);
        this.waiting.delete(connection);
        onClose?.(closeReason);
      },
    });
    if (connectChannel.hasSubscribers) connectChannel.publish({ connection, refused: refused?.reason });
    if (refused === undefined) this.hub.add(connection);
    if (refused === undefined) revoked?.addEventListener("abort", revoke);
    if (signal?.aborted === true) leave();
    else signal?.addEventListener("abort", leave);
    if (connection.undecided) {
      this.waiting.set(connection, { lastEventId: options.lastEventId || undefined, since: this.clock.elapsed() });
      this.waits();
    }
    return connection;
  }

  /** Called when a connection begins to wait. */
  protected waits(): void {}

  /** Why a client that connects now is refused; `undefined` where it is accepted. */
  protected refusal(): Ending | undefined {
    return this.#closing ?? (this.isFull ? { reason: "overloaded", retry: true } : undefined);
  }

  close(ending?: Partial<Ending>): Promise<void> {
    // Queued behind a change under way: closing before it would leave clients without its commit.
    this.#closed ??= new Promise((resolve) => {
      this.turn.run(() => resolve(this.#end(ending)));
    });
    return this.#closed;
  }

  #end({ reason = "closed", retry = true }: Partial<Ending> = {}): Promise<void> | undefined {
    // A callback of a connection that is being closed may close the stream again.
    if (this.#closing !== undefined) return this.#ended;
    this.#closing = { reason, retry };
    try {
      this.#detach();
    } catch (cause) {
      const message = withCause("The source's unsubscribe threw", cause, "The stream is closed all the same.");
      this.report(new StateStreamError("source-failed", message, { cause }));
    }
    const ending = this.#closing;
    const all = [this.hub.endAll(ending), ...[...this.#views].map((views) => views.end(ending))];
    this.#ended = Promise.all(all).then(() => undefined);
    return this.#ended;
  }

  /** The log and the logged state were replaced: every connection needs a snapshot. `gone`: slices that are not there any more. */
  restarted(gone: readonly string[]): void {
    this.#state = undefined;
    this.#subscribers.schedule();
    this.hub.restarted("repaired", gone);
  }

  /** Makes a planned change of the logged state. */
  apply(change: SliceChange): void {
    const before = this.#views.size > 0 ? this.logged.readable(change.slice) : undefined;
    this.logged.apply(change);
    const after = before === undefined ? undefined : this.logged.readable(change.slice);
    if (before === undefined || after === undefined) return;
    for (const views of this.#views) views.changed(before, after, change.difference);
  }

  /** These events were appended to the log, after `position`. */
  published(events: readonly Published[], position: number): void {
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
    this.#errors.report(error);
  }

  /** Where a client resumes, or why it needs a snapshot. The order of reasons is the protocol's. */
  protected start(lastEventId: string | undefined, audience: Audience): number | SnapshotReason | undefined {
    if (lastEventId === undefined) return "connect";
    const id = parseEventId(lastEventId);
    if (id === undefined) return "invalid-id";
    if (!this.log.includes(id.epoch, id.seq)) return "epoch";
    if (audience.suffix !== (id.selection === undefined ? "" : `.${id.selection}`)) return "selection";
    if (id.isOpen) return "trimmed";
    return audience.head <= id.seq || audience.replays(id.seq, false) ? id.seq : "trimmed";
  }
}
