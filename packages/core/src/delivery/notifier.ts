import type { SnapshotReason } from "../protocol/events.ts";
import type { Clock } from "../support/clock.ts";
import type { Audience, AudienceContext } from "./audience.ts";
import { Audiences } from "./audiences.ts";
import { Bookmarks } from "./bookmarks.ts";
import { FlushQueue } from "./flush-queue.ts";
import { RatedFlushes } from "./rated-flushes.ts";
import type { StateConnection } from "./state-connection.ts";
import type { Terms } from "./terms.ts";

/** The facts about an appended event that decide which connections to notify, and how. */
export interface Published {
  readonly slice: string;
  readonly kind: "patches" | "value" | "removed";
  readonly hidden: boolean;
}

/** Decides who is notified of an event, and when: in the next turn, or as the rate of the audience allows. */
export class Notifier {
  readonly #context: AudienceContext;
  readonly #audiences: Audiences;
  readonly #queue: FlushQueue;
  readonly #rated: RatedFlushes;
  readonly #bookmarks: Bookmarks;

  /** `onFlushed` is called after connections were notified. */
  constructor(clock: Clock, context: AudienceContext, onFlushed: (durationMs: number) => void) {
    this.#context = context;
    this.#audiences = new Audiences(context);
    this.#queue = new FlushQueue(clock, onFlushed);
    this.#rated = new RatedFlushes(clock, (audience) => this.#queue.addAudience(audience));
    this.#bookmarks = new Bookmarks(clock, context.log);
  }

  /** Whether somebody will be notified in a later turn. */
  get isScheduled(): boolean {
    return this.#queue.isScheduled;
  }

  /** Milliseconds elapsed: the same for all that are notified together. */
  get elapsed(): number {
    return this.#queue.elapsed;
  }

  audience(terms: Terms): Audience {
    return this.#audiences.of(terms);
  }

  add(connection: StateConnection): void {
    const { audience } = connection;
    if (audience.connections.size === 0) {
      this.#audiences.add(audience);
      if (audience.bookmarks) this.#bookmarks.add(audience);
    }
    audience.connections.add(connection);
  }

  delete(connection: StateConnection): void {
    const { audience } = connection;
    audience.connections.delete(connection);
    if (audience.connections.size > 0) return;
    this.#audiences.delete(audience);
    this.#queue.delete(audience);
    this.#rated.delete(audience);
    this.#bookmarks.delete(audience);
    this.#context.ranges.clear(audience);
  }

  /** Notifies this connection in a later turn; without one, only calls `onFlushed` then. */
  schedule(connection?: StateConnection): void {
    if (connection === undefined) this.#queue.schedule();
    else this.#queue.addConnection(connection);
  }

  /** Notifies now instead of in a later turn. */
  flush(): void {
    this.#queue.flush();
  }

  /** These events were appended to the log, after `position`. */
  published(events: readonly Published[], position: number): void {
    for (const [index, event] of events.entries()) {
      const seq = position + index + 1;
      for (const audience of this.#audiences.all) this.#advance(audience, seq, position, event);
      for (const audience of this.#audiences.selecting(event.slice)) this.#advance(audience, seq, position, event);
    }
    this.#bookmarks.published();
  }

  /** The log was replaced: every connection needs a snapshot. `gone`: slices that are not in the new one. */
  restarted(reason: SnapshotReason, gone: readonly string[]): void {
    for (const audience of this.#audiences) {
      audience.restart();
      const withdrawn = gone.some((slice) => audience.names?.has(slice) ?? true);
      for (const connection of audience.connections) {
        // The slices may have been hidden, and no event in the new log says so.
        if (withdrawn) connection.withdraw();
        connection.restart(reason);
      }
    }
  }

  #advance(audience: Audience, seq: number, position: number, { kind, hidden }: Published): void {
    audience.advance(seq, position);
    // A slice that is no longer visible must not stay at the client for the rest of an interval.
    if (audience.rateHz === undefined || (hidden && kind === "removed")) this.#queue.addAudience(audience);
    else this.#rated.add(audience, audience.rateHz);
    if (!hidden) return;
    audience.forget();
    for (const connection of audience.connections) connection.withdraw();
  }
}
