import { ByteBudget } from "../delivery/byte-budget.ts";
import type { Connection, Ending } from "../delivery/connection.ts";
import type { Difference } from "../diff/differ.ts";
import type { Json } from "../json/types.ts";
import type { Clock } from "../support/clock.ts";
import { StateStreamError } from "../support/errors.ts";
import { KeyedView, type ViewStreams } from "./keyed-view.ts";
import type { Settings } from "./options.ts";
import type { SharedDifferences } from "./shared-differences.ts";
import { BaseStateStream } from "./state-stream.ts";
import type { StateStream } from "./stream.ts";
import type { Attachment, AttachedViews, ViewedStream } from "./viewed-stream.ts";
import { ViewStateStream } from "./view-state-stream.ts";

export interface RegistryParts<V extends object> {
  readonly clock: Clock;
  readonly parent: StateStream & ViewedStream;
  readonly project: (state: object, key: string) => unknown;
  readonly settings: Settings<V>;
  /** Where to note what the parent found to have changed, if its views send the same. */
  readonly differences: SharedDifferences | undefined;
  readonly maxViews: number;
  readonly idleMs: number;
  readonly report: (error: StateStreamError) => void;
}

const OVERLOADED: Ending = { reason: "overloaded", retry: true };

/** The views of a stream, by key: creates them, and drops idle ones. */
export class ViewRegistry<V extends object> implements ViewStreams<V>, AttachedViews {
  readonly #parts: RegistryParts<V>;
  readonly #budget: ByteBudget;
  readonly #views = new Map<string, KeyedView<V>>();
  /** Views in use: they are projected on each flush of the parent. */
  readonly #followed = new Set<ViewStateStream<V>>();
  /** Idle views with the time at which they became idle, oldest first: milliseconds elapsed. */
  readonly #idle = new Map<KeyedView<V>, number>();
  #cancelTimer: (() => void) | undefined;
  /** While there are streams of views. */
  #attachment: (Attachment & { readonly unsubscribe: () => void }) | undefined;
  #closing: Ending | undefined;
  /** A stream that refuses every connection. */
  #refusing: BaseStateStream<V> | undefined;

  constructor(parts: RegistryParts<V>) {
    this.#parts = parts;
    this.#budget = new ByteBudget(parts.settings.maxPinnedBytes, () => parts.clock.elapsed());
  }

  get closing(): Ending | undefined {
    return this.#closing ?? this.#parts.parent.closing;
  }

  /** How many views are kept. */
  get viewCount(): number {
    return this.#views.size;
  }

  get size(): number {
    let size = 0;
    for (const stream of this.#followed) size += stream.size;
    return size;
  }

  get connections(): Connection[] {
    return [...this.#followed].flatMap((stream) => stream.connections);
  }

  get(key: string): KeyedView<V> {
    if (typeof key !== "string") {
      const message = `views.get was given ${typeof key}; it needs a string. Connections to this view are refused.`;
      this.#parts.report(new StateStreamError("invalid-option", message));
      const view = new KeyedView<V>("", this);
      view.stream = this.#refusingStream();
      return view;
    }
    const known = this.#views.get(key);
    const view = known ?? new KeyedView<V>(key, this);
    // If there is no room now, there may be when the stream is used.
    if (known === undefined) this.#register(view);
    else this.#touch(view);
    return view;
  }

  streamOf(view: KeyedView<V>): BaseStateStream<V> {
    if (view.stream?.closing !== undefined) return view.stream;
    const current = this.#views.get(view.key);
    if (current !== undefined && current !== view) return this.streamOf(current);
    if (current === undefined && !this.#register(view)) return this.#refusingStream();
    this.#touch(view);
    view.stream ??= this.#make(view);
    return view.stream;
  }

  release(view: KeyedView<V>): void {
    const current = this.#views.get(view.key);
    if (current !== undefined) this.#drop(current, true);
  }

  refresh(key: string | undefined): void {
    for (const view of key === undefined ? this.#views.values() : [this.#views.get(key)]) {
      if (view?.stream instanceof ViewStateStream) view.stream.refresh();
    }
  }

  changed(before: Json, after: Json, difference: Difference | undefined): void {
    this.#parts.differences?.add(before, after, difference);
  }

  staleChanged(): void {
    const stale = this.#attachment?.parent.isStale === true;
    for (const { stream } of this.#views.values()) stream?.setStale(stale);
  }

  /** Ends every view there is now. */
  async end(ending: Ending): Promise<void> {
    const views = [...this.#views.values()];
    for (const view of views) this.#drop(view, true);
    await Promise.all(views.flatMap(({ stream }) => stream?.close(ending) ?? []));
  }

  /** Ends every view, including those made later. */
  async close(ending: Ending): Promise<void> {
    this.#closing ??= ending;
    await this.end(this.#closing);
  }

  #make(view: KeyedView<V>): ViewStateStream<V> {
    const { clock, settings, project } = this.#parts;
    const { parent } = this.#attach();
    const stream: ViewStateStream<V> = new ViewStateStream<V>({
      clock,
      settings,
      budget: this.#budget,
      parent,
      project: (state) => project(state, view.key),
      onUse: () => this.#used(view, stream),
    });
    return stream;
  }

  #attach(): Attachment {
    if (this.#attachment === undefined) {
      const attachment = this.#parts.parent.attachViews(this);
      const unsubscribe = attachment.parent.subscribe(() => this.#flush());
      this.#attachment = { ...attachment, unsubscribe };
    }
    return this.#attachment;
  }

  /** The parent has changed. Its views' clients are notified in the same turn, before it can change again. */
  #flush(): void {
    for (const stream of this.#followed) {
      stream.catchUp();
      stream.hub.flush();
    }
  }

  /** Adds a view if there is room; drops the view that has been idle the longest to make room. */
  #register(view: KeyedView<V>): boolean {
    if (this.closing !== undefined) return false;
    if (this.#views.size >= this.#parts.maxViews) {
      const [idle] = this.#idle.keys();
      if (idle === undefined) return false;
      this.#drop(idle);
    }
    this.#views.set(view.key, view);
    this.#idle.set(view, this.#parts.clock.elapsed());
    this.#arm();
    return true;
  }

  /** An idle view was used: its idle time begins again. */
  #touch(view: KeyedView<V>): void {
    if (this.#idle.delete(view)) this.#idle.set(view, this.#parts.clock.elapsed());
  }

  #used(view: KeyedView<V>, stream: ViewStateStream<V>): void {
    if (view.stream !== stream || this.#views.get(view.key) !== view) return;
    if (stream.inUse) {
      this.#followed.add(stream);
      this.#idle.delete(view);
    } else if (this.#followed.delete(stream)) {
      this.#idle.set(view, this.#parts.clock.elapsed());
      this.#arm();
    }
  }

  /** Forgets a view. One that is connected to later begins anew, unless `closed`. */
  #drop(view: KeyedView<V>, closed = false): void {
    this.#views.delete(view.key);
    this.#idle.delete(view);
    if (view.stream instanceof ViewStateStream) this.#followed.delete(view.stream);
    if (!closed) view.stream = undefined;
    if (this.#views.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#attachment?.unsubscribe();
    this.#attachment?.detach();
    this.#attachment = undefined;
  }

  /** One timer, for the view that has been idle for longest. */
  #arm(): void {
    if (this.#cancelTimer !== undefined) return;
    const [first] = this.#idle.values();
    if (first === undefined) return;
    const { clock, idleMs } = this.#parts;
    this.#cancelTimer = clock.after(Math.max(0, first + idleMs - clock.elapsed()), () => {
      this.#cancelTimer = undefined;
      const latest = clock.elapsed() - idleMs;
      for (const [view, since] of this.#idle) {
        if (since > latest) break;
        this.#drop(view);
      }
      this.#arm();
    });
  }

  #refusingStream(): BaseStateStream<V> {
    const ending = this.closing ?? OVERLOADED;
    if (this.#refusing?.closing?.reason !== ending.reason) {
      this.#refusing = new BaseStateStream<V>(this.#parts.clock, this.#parts.settings);
      void this.#refusing.close(ending);
    }
    return this.#refusing;
  }
}
