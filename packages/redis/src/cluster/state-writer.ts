import type { Jsonified, OwnStateOptions, SourceOptions, WritableStateStream } from "@statestream/core";
import type { CommandHandler } from "./commands.ts";
import type { CommitChange } from "@statestream/core/backplane";

/** What became of changes that were made here before another writer took over, or this one was closed. */
export interface LostChanges<S extends object> {
  /** How many commits the engine had not acknowledged: they may be missing from the stream. */
  readonly commits: number;
  /**
   * What those commits changed, oldest first: to be made again, or shown to whoever made them. Empty where there were too many
   * to keep (8 MiB); then `state` has all of them.
   */
  readonly changes: readonly CommitChange[];
  /** Whether commits that it had acknowledged may be missing too: it went back in time, and was not put right in time. */
  readonly vanished: boolean;
  /** The state as it was here, with all of them. */
  readonly state: Readonly<Jsonified<S>>;
}

/** How a writer learns where it stands. */
export interface WriterHooks<S extends object> {
  /**
   * Called when this writer begins and ceases to lead. When it begins, `state` is what the stream says: a store should take
   * it in there and then, before it returns; what it has that is different becomes the first change. `undefined` with a
   * store whose stream is new, and when it ceases. What it throws is told to the backplane's `onError`.
   */
  onLeadership?: (leading: boolean, details: { readonly state: Readonly<Jsonified<S>> | undefined }) => void;
  /**
   * Handles what `backplane.send` sends to the writer that leads, and returns the answer, which JSON must carry. Called once
   * for each ID, since the answer is stored with the changes that it makes: so it must be synchronous. A command that changes
   * nothing is remembered by the leader only. Long work, such as a run of an agent, is started here and not awaited.
   */
  onCommand?: CommandHandler;
  /** Called when changes that were made here may be missing from the stream, after `onLeadership(false)`. Throws as above. */
  onLost?: (lost: LostChanges<S>) => void;
}

/** A stream's one source of changes, among all nodes that want to be it. */
export interface StateWriter<S extends object> {
  /** Whether this writer holds the lease: changes made here reach the stream. False once a lease could not be renewed in time. */
  readonly leading: boolean;
  /**
   * The state with every change made here; of a writer that does not lead, what this node knows of it, and {} before it
   * knows anything. Read only.
   */
  readonly state: Readonly<Jsonified<S>>;
  /**
   * Resolves when it leads: at once, or when no other writer does. May take for ever; `signal` ends the wait.
   *
   * @throws {StateStreamError} `stream-closed`, when it is closed before; the signal's reason, when that is aborted before.
   */
  leads(options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Resolves when the engine has every change made so far. While the engine cannot be reached, it waits.
   *
   * @throws {StateStreamError} `not-leading`, when it does not lead, or another takes over meanwhile; `timeout`, when it
   * takes longer than `timeoutMs`. Default: no limit.
   */
  flushed(options?: { timeoutMs?: number }): Promise<void>;
  /**
   * Hands over: waits for `flushed`, for at most the time of a lease, then lets another writer lead at once. Clients notice
   * nothing. What could not be flushed is told to `onLost`. Never throws.
   */
  close(): Promise<void>;
}

/**
 * A writer that owns its state: that goes on from writer to writer. Its methods throw `not-leading` while another node
 * leads, and otherwise as those of a stream do. A change is taken in at once, and published in the background: while the
 * engine cannot be reached up to 8 MiB of changes wait for it, and beyond that what is different in the end.
 */
export interface OwnStateWriter<S extends object>
  extends StateWriter<S>, Pick<WritableStateStream<S>, "set" | "patch" | "append" | "remove" | "batch"> {}

/** Options of a stream, and of what it is told as a writer. Slices that are not shown live only in the writer that leads. */
export type WriterOptions<S extends object> = (OwnStateOptions<S> | SourceOptions<S>) & WriterHooks<S>;
