import {
  type EndReason,
  type OwnStateOptions,
  type SourceOptions,
  StateStreamError,
  type StateStreamOptions,
} from "@statestream/core";
import { type Clock, followStream } from "@statestream/core/backplane";
import { CommandSender, type SendOptions } from "./commands.ts";
import type { Engine } from "./engine.ts";
import { Registry } from "./registry.ts";
import { KeyedStream, type ServedStream } from "./streams.ts";
import type { OwnStateWriter, StateWriter, WriterHooks, WriterOptions } from "./state-writer.ts";
import { type UpdateOptions, Updates } from "./updates.ts";
import { Writer, type WriterOfNode } from "./writer.ts";

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
  /** About how many bytes those copies may take, including their logs; the same happens beyond. Default 256 MiB. */
  maxBytes?: number;
  /** Options of the served streams, for their connections and logs. */
  stream?: Pick<
    StateStreamOptions<object>,
    | "heartbeatMs"
    | "retryMs"
    | "maxLogEvents"
    | "maxLogBytes"
    | "maxPinnedBytes"
    | "maxStallMs"
    | "maxAgeMs"
    | "maxConnections"
  >;
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
  /** Streams this node has a copy of, and about how many bytes they take. */
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
   * @throws {StateStreamError} `timeout`: it may still take effect, and can be repeated with the same `id`; `has-leader`: a
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
  /** Figures for an operator. */
  stats(): BackplaneStats;
  /**
   * Hands over what this node writes, for at most the time of a lease, then ends every connection with `state.end`. Default:
   * reason `draining`, `retry: true`. The client of the engine that was given stays open. The first call counts; never throws.
   */
  close(ending?: { reason?: EndReason; retry?: boolean }): Promise<void>;
}

const NUMBERS = ["leaseMs", "checkMs", "idleMs", "joinMs", "maxStreams", "maxBytes"] as const;

/** Makes an engine that reports what fails between its calls. */
export type EngineFactory = (report: (error: StateStreamError) => void) => Engine;

/**
 * Makes a backplane on an engine. The engine is made once the options are checked.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function backplaneOn(makeEngine: EngineFactory, options: BackplaneOptions, clock: Clock): Backplane {
  for (const name of NUMBERS) {
    const value = options[name];
    if (value === undefined || (typeof value === "number" && value > 0)) continue;
    throw new StateStreamError("invalid-option", `The option ${name} is ${String(value)}; it must be above 0.`);
  }
  const { leaseMs = 5000, checkMs = 5000, idleMs = 60_000, joinMs = 5000 } = options;
  const { maxStreams = 10_000, maxBytes = 256 * 1024 * 1024, stream = {}, onError } = options;
  // Throws for invalid stream options now rather than at the first client.
  followStream({ ...stream, onWaiting: () => undefined }, clock);
  const report = reporter(onError);
  const engine = makeEngine(report);
  const settings = { checkMs, idleMs, joinMs, maxStreams, maxBytes, stream: { ...stream, onError: report }, report };
  const registry = new Registry(engine, settings, clock);
  const writers = new Map<string, WriterOfNode>();
  const updates = new Updates({
    engine,
    clock,
    report,
    pin: (key) => registry.pin(key),
    unpin: (key) => registry.unpin(key),
  });
  const listed = new Map<string, ServedStream>();
  const sender = new CommandSender(engine, clock);
  let closed: Promise<void> | undefined;

  const list = (): Iterator<ServedStream> => {
    const keys = new Set(registry.keys());
    for (const key of listed.keys()) if (!keys.has(key)) listed.delete(key);
    for (const key of keys) if (!listed.has(key)) listed.set(key, new KeyedStream(key, registry, writers));
    return listed.values();
  };

  const write = <S extends object>(key: string, given: WriterOptions<S>): Writer<S> => {
    if (closed !== undefined) throw closedError();
    if (writers.has(key)) {
      throw new StateStreamError(
        "invalid-option",
        `This node has a writer of stream "${key}" already; use that, or close it first.`,
      );
    }
    const follower = registry.pin(key);
    const onClose = (): void => {
      writers.delete(key);
      registry.unpin(key);
    };
    try {
      const owner = clock.epoch();
      const writer = new Writer(key, given, { engine, clock, leaseMs, follower, owner, report, onClose });
      writers.set(key, writer);
      return writer;
    } catch (error) {
      registry.unpin(key);
      throw error;
    }
  };

  const close = async (ending: { reason: EndReason; retry: boolean }): Promise<void> => {
    await Promise.all([...writers.values()].map((writer) => writer.close()));
    await registry.close(ending);
    await engine.close();
  };

  return {
    streams: {
      get: <S extends object>(key: string): ServedStream<S> => new KeyedStream<S>(key, registry, writers),
      [Symbol.iterator]: list,
    },
    writer: write,
    async send(key, command, sendOptions = {}) {
      if (closed !== undefined) throw closedError();
      return await sender.send(key, command, sendOptions, () => {
        const writer = writers.get(key);
        return writer?.leading ? writer.commands : undefined;
      });
    },
    async update(...args) {
      if (closed !== undefined) throw closedError();
      return await updates.update(...args);
    },
    stats() {
      const leading = [...writers.values()].filter((writer) => writer.leading).length;
      const { size: streams, bytes } = registry;
      return { downSince: engine.downSince, streams, bytes, leading, standby: writers.size - leading };
    },
    close({ reason = "draining", retry = true } = {}) {
      closed ??= close({ reason, retry });
      return closed;
    },
  };
}

function closedError(): StateStreamError {
  return new StateStreamError("stream-closed", "The backplane is closed; make a new one.");
}

/**
 * Reports to `onError`; without it, as one process warning for each code. An `onError` that throws must not end the process:
 * it is called from timers and socket events, where nothing would catch the exception.
 */
function reporter(onError: BackplaneOptions["onError"]): (error: StateStreamError) => void {
  const warned = new Set<string>();
  const warn = (kind: string, text: string): void => {
    if (warned.has(kind)) return;
    warned.add(kind);
    process.emitWarning(text, "StateStreamWarning");
  };
  return (error) => {
    try {
      if (onError === undefined) warn(error.code, error.message);
      else onError(error);
    } catch (thrown) {
      warn("onError", `The option onError of the backplane threw: ${String(thrown)}`);
    }
  };
}
