import type { Jsonified, OwnStateOptions, SourceOptions, WritableStateStream } from "@statestream/core";
import type { CommandHandler } from "./commands.ts";
import type { FlushOptions } from "./flushed.ts";
import type { CommitChange } from "@statestream/core/backplane";

/** Changes that were made here before another writer took over or this one was closed, and may be missing from the stream. */
export interface LostChanges<S extends object> {
  /** How many commits the engine had not acknowledged: they may be missing from the stream. */
  readonly commits: number;
  /**
   * What those commits changed, oldest first: to apply the changes again, or to show them to the users who made them. Empty where
   * there were too many to keep (8 MiB, or what `maxBytes` leaves); `state` has all of them.
   */
  readonly changes: readonly CommitChange[];
  /** Whether commits that it had acknowledged may be missing too: the engine lost them, and another writer led before they were restored. */
  readonly vanished: boolean;
  /** The state as it was here, with all these changes. */
  readonly state: Readonly<Jsonified<S>>;
}

/** Callbacks of a writer. */
export interface WriterHooks<S extends object> {
  /**
   * Called when this writer starts and stops leading. When it starts, `state` is the state of the stream: a store must take it over
   * before this returns, since whatever the store then has that differs becomes the first change. `undefined` for a store whose
   * stream is new, and when the writer stops leading. Errors that it throws are reported to the backplane's `onError`.
   */
  onLeadership?: (leading: boolean, details: { readonly state: Readonly<Jsonified<S>> | undefined }) => void;
  /**
   * Handles commands from `backplane.send` while this writer leads, and returns the answer, which must be JSON. It is called once
   * for each ID. It must be synchronous, because the answer is stored together with the changes that it makes. Only the leader
   * remembers a command that changes nothing. Long work, such as a run of an agent, is started here and not awaited.
   */
  onCommand?: CommandHandler;
  /** Called when changes that were made here may be missing from the stream, after `onLeadership(false)`. Errors are reported as above. */
  onLost?: (lost: LostChanges<S>) => void;
}

/** One of the writers of a stream, of which one at a time leads and changes it. */
export interface StateWriter<S extends object> {
  /** Whether this writer holds the lease: changes made here reach the stream. False once a lease could not be renewed in time. */
  readonly leading: boolean;
  /**
   * The state with every change made here. While this writer does not lead: this node's copy of the stream, {} before there is one.
   * Read only.
   */
  readonly state: Readonly<Jsonified<S>>;
  /**
   * The event ID of `state`, for `client.reached(eventId)`: read it right after a change. A failover may lose the change until
   * `flushed` resolves; in the answer of `onCommand` it is stored together with the change.
   */
  readonly eventId: string;
  /**
   * Resolves when it leads: at once, or when no other writer does. There is no time limit; `signal` ends the wait.
   *
   * @throws {StateStreamError} `stream-closed`, when it is closed first; the signal's reason, when that is aborted first.
   */
  leads(options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Resolves when the engine has every change made so far, and with `replicas`, when so many of its replicas have them too: a failover
   * to one of these does not lose them. While the engine cannot be reached, it waits.
   *
   * @throws {StateStreamError} `not-leading`, when it does not lead, or another takes over meanwhile; `timeout`, when it
   * takes longer than `timeoutMs`; `invalid-option`.
   */
  flushed(options?: FlushOptions): Promise<void>;
  /**
   * Hands over: waits until the engine has every change, for at most the time of a lease, and then lets another writer lead at once.
   * Clients notice nothing. Changes that could not be stored are reported to `onLost`. Never throws.
   */
  close(): Promise<void>;
}

/**
 * A writer that owns its state, which the next writer continues. Its methods throw `not-leading` while it does not lead, and otherwise
 * the errors of a stream's methods. A change applies at once, and is published in the background. While the engine cannot be reached,
 * up to 8 MiB of changes wait, and on the whole node a quarter of `maxBytes`; where there are more, their difference is published as
 * one change.
 */
export interface OwnStateWriter<S extends object>
  extends StateWriter<S>, Pick<WritableStateStream<S>, "set" | "patch" | "append" | "remove" | "batch"> {}

/** Options of a stream and the callbacks of a writer. Slices that are not shown exist only in the writer that leads. */
export type WriterOptions<S extends object> = (OwnStateOptions<S> | SourceOptions<S>) & WriterHooks<S>;
