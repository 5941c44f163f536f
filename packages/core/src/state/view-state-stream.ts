import type { Audience } from "../delivery/audience.ts";
import type { ByteBudget } from "../delivery/byte-budget.ts";
import type { Ending } from "../delivery/connection.ts";
import type { StateConnection } from "../delivery/state-connection.ts";
import type { Json } from "../json/types.ts";
import type { Jsonified } from "../json/jsonified.ts";
import type { SnapshotReason } from "../protocol/events.ts";
import type { Clock } from "../support/clock.ts";
import { StateStreamError, withCause } from "../support/errors.ts";
import type { Settings } from "./options.ts";
import { Publisher, type StateReader } from "./publisher.ts";
import { sliceOf } from "./source.ts";
import { checkState } from "./check-state.ts";
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

/** A value that no state equals, so that the next comparison with the parent's state finds a difference. */
const NOTHING = Symbol("nothing");

/** A stream whose state is computed from another's. Its log is its own, so no event ID is valid in two views. */
export class ViewStateStream<V extends object> extends BaseStateStream<V> {
  readonly #parts: ViewParts<V>;
  readonly #publisher: Publisher<V>;
  /** The parent's state that was projected last, and the parent's position then. */
  #seen: unknown = NOTHING;
  #seenHead = 0;
  #seenMutations = 0;
  /** Whether there has been a state. */
  #begun = false;
  /** Whether the last projection failed, so that what clients may see is unknown. */
  #failed = false;
  #projecting = false;
  /** The view that was published last; `undefined` if that failed. */
  #shown: Readonly<Record<string, unknown>> | undefined;
  /** Subscriptions, and views of this view. */
  #holds = 0;
  /** Clients that wait for the parent's first state, with the IDs they came with. */
  readonly #waiting = new Map<StateConnection, string | undefined>();
  #cancelWait: (() => void) | undefined;

  constructor(parts: ViewParts<V>) {
    super(parts.clock, parts.settings, { budget: parts.budget, catchUp: () => this.catchUp() });
    this.#parts = parts;
    this.#publisher = new Publisher<V>(this);
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
    // Still undefined where `onClose` is called before `connect` has returned.
    let waiting: StateConnection | undefined;
    const connection = super.connect({
      ...options,
      onClose: (reason) => {
        if (waiting !== undefined) this.#waiting.delete(waiting);
        this.#parts.onUse();
        onClose?.(reason);
      },
    });
    this.#parts.onUse();
    if (!connection.undecided) return connection;
    waiting = connection;
    this.#waiting.set(connection, options.lastEventId || undefined);
    this.#cancelWait ??= this.clock.after(WAIT_MS, () => this.#refuseWaiting());
    return connection;
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
    this.#seen = NOTHING;
    if (this.inUse) this.catchUp();
  }

  /** Brings the view up to the parent's state. */
  catchUp(): void {
    const { parent } = this.#parts;
    if (this.#projecting || this.closing !== undefined) return;
    const { state } = parent;
    if (state === this.#seen || (!this.#begun && parent.eventId === "")) return;
    this.#projecting = true;
    // In the stream's turn, since a callback of the application may call `close` meanwhile.
    this.turn.run(() => this.#project(state));
    this.#projecting = false;
  }

  protected override refusal(): Ending | undefined {
    return super.refusal() ?? this.#parts.parent.closing ?? (this.#failed ? UNAVAILABLE : undefined);
  }

  protected override start(lastEventId: string | undefined, audience: Audience): number | SnapshotReason | undefined {
    return this.#begun ? super.start(lastEventId, audience) : undefined;
  }

  #project(state: object): void {
    const { parent, project } = this.#parts;
    const cause = this.#begun ? parent.causeSince(this.#seenHead) : undefined;
    this.#seen = state;
    this.#seenHead = parent.head;
    this.#trust(state);
    this.#distrust(parent.mutations);
    try {
      const view = viewOf(project(state));
      if (this.#isUnchanged(view)) {
        this.logged.warnOfMutations();
        return;
      }
      const reader: StateReader<V> = {
        get: (slice) => sliceOf(view, slice),
        names: () => Object.keys(view),
        whole: () => view as V,
      };
      if (this.#begun) this.#publish(reader, cause);
      else this.#begin(reader);
      this.#shown = this.#failed ? undefined : view;
    } catch (thrown) {
      const message = withCause("A view could not be made", thrown, "Its changes are withheld from its clients.");
      this.#fail([new StateStreamError("project-failed", message, { cause: thrown })]);
    }
  }

  /** The parent's state is JSON already, so slices that the view shows unchanged need not be read again. */
  #trust(state: object): void {
    const { sharedJson } = this.settings;
    // Another view has done so.
    if (sharedJson?.has(state) !== false) return;
    sharedJson.set(state, state as Json);
    for (const json of Object.values(state) as Json[]) {
      if (typeof json === "object" && json !== null) sharedJson.set(json, json);
    }
  }

  /**
   * A value of the parent that was mutated in place may have been part of the view: then what the view holds of it is not
   * what its clients hold, and they need the whole value.
   */
  #distrust(mutations: number): void {
    if (mutations === this.#seenMutations) return;
    this.#seenMutations = mutations;
    for (const [slice, { raw }] of this.logged.held()) this.logged.markMutated(slice, raw);
  }

  /** Whether every slice is the same object as before, so that nothing has to be compared. */
  #isUnchanged(view: Readonly<Record<string, unknown>>): boolean {
    const { snapshots, slices } = this.settings;
    const before = this.#shown;
    // A value mutated in place is the same object, and a function decides anew each time.
    if (before === undefined || snapshots !== "shared" || typeof slices === "function") return false;
    const names = Object.keys(view);
    return (
      names.length === Object.keys(before).length &&
      names.every((name) => Object.hasOwn(before, name) && before[name] === view[name])
    );
  }

  #begin(reader: StateReader<V>): void {
    const errors = this.#publisher.begin(reader);
    this.#begun = true;
    this.#failed = false;
    // A slice that failed is absent, so clients see nothing of it.
    for (const error of errors) this.report(error);
    this.#cancelWait?.();
    for (const [connection, lastEventId] of this.#waiting)
      connection.open(this.start(lastEventId, connection.audience) as number | SnapshotReason);
    this.#waiting.clear();
  }

  #publish(reader: StateReader<V>, cause: ReturnType<ViewParent["causeSince"]>): void {
    const errors = this.#publisher.publish(reader, { named: undefined, cause });
    // A slice that failed would keep its previous value, which clients may no longer be allowed to see.
    if (errors.length > 0) this.#fail(errors);
    else this.#failed = false;
  }

  /** Clients keep their state, and receive nothing that was made before. */
  #fail(errors: readonly StateStreamError[]): void {
    this.#failed = true;
    this.#shown = undefined;
    for (const connection of this.hub.connections) connection.withhold();
    for (const error of errors) this.report(error);
  }

  #refuseWaiting(): void {
    this.#cancelWait = undefined;
    for (const connection of this.#waiting.keys()) connection.finish(UNAVAILABLE);
    this.#waiting.clear();
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

/** The slices that the application's function gave: a copy, since it may give the same object each time, changed. */
function viewOf(given: unknown): Record<string, unknown> {
  if (typeof (given as PromiseLike<unknown> | null | undefined)?.then === "function") {
    // It may reject, which must not end the process.
    void Promise.resolve(given).catch(() => undefined);
    throw new Error("the function is async; it must return the view itself");
  }
  checkState(given, "What the function returned");
  return { ...given };
}
