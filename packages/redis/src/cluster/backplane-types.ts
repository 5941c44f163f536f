import type { EndReason, OwnStateOptions, SourceOptions, StateStreamError } from "@statestream/core";
import type { FollowedStreamOptions } from "@statestream/core/backplane";
import type { SendOptions } from "./commands.ts";
import type { OnDemandOptions } from "./on-demand.ts";
import type { OwnStateWriter, StateWriter, WriterHooks } from "./state-writer.ts";
import type { ServedStream } from "./streams.ts";
import type { UpdateOptions } from "./updates.ts";

export interface BackplaneOptions {
  /**
   * The time of a lease in milliseconds: after so long without a renewal another writer may lead. Must be the same on all nodes. The
   * leader renews three times as often. After the engine lost everything, a standby with a copy waits as long for the leader to
   * restore it. Default 5,000.
   */
  leaseMs?: number;
  /**
   * Milliseconds, give or take a quarter, between comparisons of a quiet stream with the engine, which find a message that was lost.
   * Default 5,000.
   */
  checkMs?: number;
  /** Milliseconds after which this node drops its copy of a stream without clients and writers, or up to two `checkMs` later. Default 60,000. */
  idleMs?: number;
  /**
   * Milliseconds that a client waits for a stream that this node has not joined yet, or until it is known whether its position still
   * exists. After that, `state.end` says `unavailable`. Default 5,000.
   */
  joinMs?: number;
  /**
   * The most streams that this node has copies of. One more replaces one without clients; where all have clients, connections to it end
   * with `overloaded`. Writers are always accepted. Default 10,000.
   */
  maxStreams?: number;
  /**
   * About how many bytes those copies may take, including their logs and the commits that writers keep; the same happens beyond. At
   * most a quarter of it is for the commits of the last 30 s, which writers keep in case the engine loses them, and for changes that
   * wait for the engine. Default 256 MiB.
   */
  maxBytes?: number;
  /** Options of the served streams, for their connections and logs. */
  stream?: Omit<FollowedStreamOptions, "onWaiting" | "onError">;
  /**
   * Called with errors that the backplane survived; each has a `code`. Of failures in a row, the first is reported. An error that it
   * throws becomes a process warning. Default: one process warning for each code.
   */
  onError?: (error: StateStreamError) => void;
}

/** Figures of this node. */
export interface BackplaneStats {
  /** Since when the engine cannot be reached, in milliseconds since 1970; `undefined` while it can. */
  readonly downSince: number | undefined;
  /** Streams this node has a copy of, and about how many bytes they and the commits that writers keep take. */
  readonly streams: number;
  readonly bytes: number;
  /** Writers of this node that lead, and that would. */
  readonly leading: number;
  readonly standby: number;
}

/** Connects this node to the others. */
export interface Backplane {
  /** The streams this node serves. */
  readonly streams: {
    /** The stream of a key: a room, a user, a document. Costs nothing until a client connects. */
    get<S extends object = object>(key: string): ServedStream<S>;
    /** The streams that this node has a copy of now; each is the same object for as long as the copy exists. For `observeStreams(meter, () => backplane.streams)`. */
    [Symbol.iterator](): Iterator<ServedStream>;
  };
  /**
   * Creates a writer of a stream on this node. Of all writers of a stream one leads; the others are standbys, one of which takes over when
   * the leader closes or dies. With an `initialState` each writer continues the state of the one before: the initial state is used for
   * a new stream, and for slices that the stream has never had.
   *
   * @throws {StateStreamError} `invalid-option`: also when this node has a writer of this stream; `stream-closed`, when the
   * backplane is closed; what `createStateStream` throws.
   */
  writer<S extends object>(key: string, options: OwnStateOptions<S> & WriterHooks<S>): OwnStateWriter<S>;
  /** The same with a store: while the writer leads, the state of the store is the state of the stream. */
  writer<S extends object>(key: string, options: SourceOptions<S> & WriterHooks<S>): StateWriter<S>;
  /**
   * Changes a stream from any node, without a writer; while a writer leads the stream, use `send`. Reads the state (`initialState` for a
   * new stream), calls `change` with it, and appends the result if no other node has changed the stream meanwhile; otherwise it tries
   * again. So `change` must be pure. Each attempt costs time in proportion to the state; return the same objects for what does not
   * change.
   *
   * @returns the ID of the last event of the change, for `client.reached(eventId)`; where nothing changes, the ID of the state.
   * @throws {StateStreamError} `timeout`: it may have taken effect by then, but will not later, and can be repeated with the same `id`; `has-leader`: a
   * writer leads the stream; `invalid-option`, `invalid-state`; `stream-closed`, when the backplane is closed. What `change`
   * throws, and what `set` of a stream throws, is passed on.
   */
  update<S extends object>(
    key: string,
    initialState: S,
    change: (state: Readonly<S>) => S,
    options?: UpdateOptions,
  ): Promise<string>;
  /**
   * Sends a command to the writer that leads the stream, on any node. Resolves with what its `onCommand` returned, once the changes that
   * it made are in the stream. The command is sent again where no answer arrives, and handled once for each `id`.
   *
   * @throws {StateStreamError} `timeout`: no answer arrived in time. The command may have been handled, and can be repeated with the same
   * `id`; this call does not cause it to be handled later than that. `command-failed`, with the message of the error that `onCommand`
   * threw; `invalid-option`; `stream-closed`, when the backplane is closed.
   */
  send(key: string, command: unknown, options?: SendOptions): Promise<unknown>;
  /**
   * Starts writers when they are needed: where a command that this node sends, for a key with this prefix, finds no leader, `start` is
   * called with the key and returns the `writer` that it creates. After `idleMs` without a command and a change, the writer is closed;
   * the next command starts one again, on the node that sends it, and that continues the state. An error that `start` throws is
   * reported to `onError`.
   *
   * @returns a function that ends this; writers that have been started stay until they are idle
   * @throws {StateStreamError} `invalid-option`; `stream-closed`, when the backplane is closed
   */
  onDemand(
    prefix: string,
    start: (key: string) => Pick<StateWriter<object>, "close">,
    options?: OnDemandOptions,
  ): () => void;
  /** Figures for an operator. */
  stats(): BackplaneStats;
  /**
   * Hands over what this node writes, for at most the time of a lease, then ends every connection with `state.end`. Default:
   * reason `draining`, `retry: true`. The client of the engine that was given stays open. The first call counts; never throws.
   */
  close(ending?: { reason?: EndReason; retry?: boolean }): Promise<void>;
}
