import { type EndReason, StateStreamError } from "@statestream/core";
import { type Clock, followStream } from "@statestream/core/backplane";
import type { Backplane, BackplaneOptions } from "./backplane-types.ts";
import { CommandSender } from "./commands.ts";
import { CommitBudget } from "./commit-budget.ts";
import type { Engine } from "./engine.ts";
import { OnDemand } from "./on-demand.ts";
import { LargeCalls } from "./large-calls.ts";
import { Registry } from "./registry.ts";
import type { WriterOptions } from "./state-writer.ts";
import { reporter } from "./reporter.ts";
import { KeyedStream, type ServedStream } from "./streams.ts";
import { Updates } from "./updates.ts";
import { Writer, type WriterOfNode } from "./writer.ts";

const NUMBERS = ["leaseMs", "checkMs", "idleMs", "joinMs", "maxStreams", "maxBytes"] as const;

/** How much of `maxBytes` the commits that writers keep may take. */
const COMMITS_SHARE = 1 / 4;

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
  const report = reporter(onError, clock);
  const engine = makeEngine(report);
  const largeCalls = new LargeCalls(engine, clock);
  const commits = new CommitBudget(maxBytes * COMMITS_SHARE);
  const copies = { checkMs, idleMs, joinMs, maxStreams, maxBytes, commits, largeCalls };
  const settings = { ...copies, stream: { ...stream, onError: report }, report };
  const registry = new Registry(engine, settings, clock);
  const writers = new Map<string, WriterOfNode>();
  const updates = new Updates({
    engine,
    largeCalls,
    clock,
    report,
    pin: (key) => registry.pin(key),
    unpin: (key) => registry.unpin(key),
  });
  const listed = new Map<string, ServedStream>();
  const sender = new CommandSender(engine, clock);
  const demand = new OnDemand({
    clock,
    report,
    hasWriter: (key) => writers.has(key),
    activity(key) {
      const writer = writers.get(key);
      return writer && `${writer.commands?.handled} ${registry.find(key)?.stream.eventId}`;
    },
  });
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
      const writer = new Writer(key, given, {
        engine,
        largeCalls,
        clock,
        leaseMs,
        commits,
        follower,
        owner,
        report,
        onClose,
      });
      writers.set(key, writer);
      return writer;
    } catch (error) {
      registry.unpin(key);
      throw error;
    }
  };

  const close = async (ending: { reason: EndReason; retry: boolean }): Promise<void> => {
    demand.close();
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
      return await sender.send(key, command, sendOptions, {
        local() {
          const writer = writers.get(key);
          return writer?.leading ? writer.commands : undefined;
        },
        onNoLeader() {
          if (closed === undefined) demand.start(key);
        },
      });
    },
    onDemand(...args) {
      if (closed !== undefined) throw closedError();
      return demand.add(...args);
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
