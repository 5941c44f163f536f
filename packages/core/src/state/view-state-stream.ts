import type { Audience } from "../delivery/audience.ts";
import type { ByteBudget } from "../delivery/byte-budget.ts";
import type { Ending } from "../delivery/connection.ts";
import type { StateConnection } from "../delivery/state-connection.ts";
import type { Jsonified } from "../json/jsonified.ts";
import type { Cause, SnapshotReason } from "../protocol/events.ts";
import type { Clock } from "../support/clock.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import type { Settings } from "./options.ts";
import { Publisher, type StateReader } from "./publisher.ts";
import { Projection } from "./projection.ts";
import { sliceOf } from "./source.ts";
import { BaseStateStream } from "./state-stream.ts";
import type { ConnectOptions, SnapshotOptions, StateSnapshot } from "./stream.ts";
import type { AttachedViews, Attachment, ViewParent } from "./viewed-stream.ts";

/** The parts of a view. */
export interface ViewParts<V extends object> {
  readonly clock: Clock;
  readonly settings: Settings<V>;
  readonly budget: ByteBudget;
  readonly parent: ViewParent;
  /** Makes the view of the parent's state. May throw. */
  readonly project: (state: object) => unknown;
  /** Called when the view may have started or stopped being in use. */
  readonly onUse: () => void;
}

/** How long clients wait for the parent's first state before they get `unavailable`, in milliseconds. */
const WAIT_MS = 5000;

const UNAVAILABLE: Ending = { reason: "unavailable", retry: true };

/** What clients may see while it is unknown. */
const EMPTY: object = Object.freeze({});

/** A stream whose state is computed from another's. Its log is its own, so no event ID is valid in two views. */
export class ViewStateStream<V extends object> extends BaseStateStream<V> {
  readonly #parts: ViewParts<V>;
  readonly #publisher: Publisher<V>;
  readonly #projection: Projection;
  /** The parent's `mutations` at the last projection. */
  #mutations = 0;
  /** Whether there has been a state. */
  #begun = false;
  /** Whether the last projection failed, so that what clients may see is unknown. */
  #failed = false;
  #projecting = false;
  /** Subscriptions, and views of this view. */
  #holds = 0;
  #cancelWait: (() => void) | undefined;

  constructor(parts: ViewParts<V>) {
    super(parts.clock, parts.settings, { budget: parts.budget, catchUp: () => this.catchUp() });
    this.#parts = parts;
    this.#publisher = new Publisher<V>(this);
    this.#projection = new Projection(parts.parent, parts.project, parts.settings);
    this.setStale(parts.parent.isStale);
    this.onClosing(() => this.#cancelWait?.());
  }

  /** Whether anybody is to be notified of changes. */
  get inUse(): boolean {
    return this.hub.size > 0 || this.#holds > 0;
  }

  override get isFull(): boolean {
    return super.isFull || this.#parts.parent.isFull;
  }

  /** Empty while what clients may see is unknown. */
  override get state(): Readonly<Jsonified<V>> {
    this.catchUp();
    return this.#failed ? (EMPTY as Readonly<Jsonified<V>>) : super.state;
  }

  override get eventId(): string {
    this.catchUp();
    return this.#begun && !this.#failed ? super.eventId : "";
  }

  override snapshot(options: SnapshotOptions = {}): StateSnapshot<Readonly<Jsonified<V>>> {
    const { state, eventId } = super.snapshot(options);
    return { state: this.#failed ? (EMPTY as Readonly<Jsonified<V>>) : state, eventId };
  }

  override connect(options: ConnectOptions = {}): StateConnection {
    this.catchUp();
    const { onClose } = options;
    const connection = super.connect({
      ...options,
      onClose: (reason) => {
        this.#parts.onUse();
        onClose?.(reason);
      },
    });
    this.#parts.onUse();
    return connection;
  }

  protected override waits(): void {
    this.#cancelWait ??= this.clock.after(WAIT_MS, () => this.#refuseWaiting());
  }

  override subscribe(listener: () => void): () => void {
    this.catchUp();
    const unsubscribe = super.subscribe(listener);
    const release = this.#hold();
    return () => {
      unsubscribe();
      release();
    };
  }

  override attachViews(views: AttachedViews): Attachment {
    const { parent, detach } = super.attachViews(views);
    const release = this.#hold();
    return {
      parent,
      detach: () => {
        detach();
        release();
      },
    };
  }

  override close(ending?: Partial<Ending>): Promise<void> {
    // The last change is sent before the end.
    this.catchUp();
    return super.close(ending);
  }

  /** Projects again at the next opportunity, although the parent's state is the same: at once where clients follow. */
  refresh(): void {
    this.#projection.refresh();
    if (this.inUse) this.catchUp();
  }

  /** Brings the view up to the parent's state. */
  catchUp(): void {
    const { parent } = this.#parts;
    if (this.#projecting || this.closing !== undefined) return;
    if (!this.#projection.isDue) return;
    if (parent.eventId === "") return this.#wait();
    this.#projecting = true;
    // In the stream's turn, since a callback of the application may call `close` meanwhile.
    this.turn.run(() => this.#project());
    this.#projecting = false;
  }

  protected override refusal(): Ending | undefined {
    return super.refusal() ?? this.#parts.parent.closing ?? (this.#failed ? UNAVAILABLE : undefined);
  }

  protected override start(lastEventId: string | undefined, audience: Audience): number | SnapshotReason | undefined {
    return this.#begun ? super.start(lastEventId, audience) : undefined;
  }

  /** The parent has no state, or what may be seen of it is unknown. */
  #wait(): void {
    if (!this.#begun || this.#failed) return;
    this.#projection.refresh();
    this.#fail([]);
  }

  #project(): void {
    this.#distrust(this.#parts.parent.mutations);
    try {
      const made = this.#projection.make();
      if (made === undefined) {
        this.logged.warnOfMutations();
        return;
      }
      const { view, cause } = made;
      const reader: StateReader<V> = {
        get: (slice) => sliceOf(view, slice),
        names: () => Object.keys(view),
        whole: () => view as V,
      };
      if (this.#begun) this.#publish(reader, cause);
      else this.#begin(reader);
      if (!this.#failed) this.#projection.published(view);
    } catch (thrown) {
      const message = withCause("A view could not be made", thrown, "Its changes are withheld from its clients.");
      this.#fail([new StateStreamError("project-failed", message, { cause: thrown })]);
    }
  }

  /**
   * A value of the parent that was mutated in place may have been part of the view: then what the view holds of it is not
   * what its clients hold, and they need the whole value.
   */
  #distrust(mutations: number): void {
    if (mutations === this.#mutations) return;
    this.#mutations = mutations;
    for (const [slice, { raw }] of this.logged.held()) this.logged.markMutated(slice, raw);
  }

  #begin(reader: StateReader<V>): void {
    const errors = this.#publisher.begin(reader);
    this.#begun = true;
    this.#failed = false;
    // A slice that failed is absent, so clients see nothing of it.
    for (const error of errors) this.report(error);
    this.#cancelWait?.();
    for (const [connection, { lastEventId }] of this.waiting)
      connection.open(this.start(lastEventId, connection.audience) as number | SnapshotReason);
    this.waiting.clear();
  }

  #publish(reader: StateReader<V>, cause: Cause | undefined): void {
    const errors = this.#publisher.publish(reader, { named: undefined, cause });
    // A slice that failed would keep its previous value, which clients may no longer be allowed to see.
    if (errors.length > 0) this.#fail(errors);
    else this.#failed = false;
  }

  /** Clients keep their state, and receive nothing that was made before. */
  #fail(errors: readonly StateStreamError[]): void {
    this.#failed = true;
    this.#projection.failed();
    for (const connection of this.hub.connections) connection.withhold();
    for (const error of errors) this.report(error);
  }

  #refuseWaiting(): void {
    this.#cancelWait = undefined;
    for (const connection of this.waiting.keys()) connection.finish(UNAVAILABLE);
    this.waiting.clear();
  }

  /** Keeps the view in use until the returned function is called. */
  #hold(): () => void {
    let held = true;
    this.#holds++;
    this.#parts.onUse();
    return () => {
      if (!held) return;
      held = false;
      this.#holds--;
      this.#parts.onUse();
    };
  }
}
