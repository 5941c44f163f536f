import { createStateStream, type OwnStateOptions, type SourceOptions, StateStreamError } from "@statestream/core";
import type { WriterHooks, WriterOptions } from "./state-writer.ts";

/** A writer's options without its hooks, which are not options of a stream. */
export type StreamOptions<S extends object> = OwnStateOptions<S> | SourceOptions<S>;

/**
 * Splits a writer's options. They are checked now, not when this node begins to lead.
 *
 * @throws {StateStreamError} what `createStateStream` throws
 */
export function splitOptions<S extends object>(
  options: WriterOptions<S>,
): { readonly stream: StreamOptions<S>; readonly hooks: WriterHooks<S>; readonly hasSource: boolean } {
  const { onLeadership: _onLeadership, onLost: _onLost, onCommand: _onCommand, ...stream } = options;
  checkOptions(stream);
  return { stream, hooks: options, hasSource: "source" in options && options.source !== undefined };
}

/** Options of a stream that continues with this state. Slices that it has never had begin with the initial state. */
export function optionsFrom<S extends object>(
  options: StreamOptions<S>,
  state: Record<string, unknown>,
  removed: readonly string[],
  report: (error: StateStreamError) => void,
): StreamOptions<S> {
  // Nobody connects to this stream, so it needs no log.
  const withoutLog = { ...options, maxLogBytes: 0 };
  // A call of `set` throws what is wrong with a value; for a store, only `onError` can report it.
  if (!("initialState" in options)) return { onError: report, ...withoutLog };
  const own = new Map(Object.entries(options.initialState));
  for (const slice of removed) own.delete(slice);
  for (const [slice, value] of Object.entries(state)) own.set(slice, value);
  return { ...withoutLog, initialState: Object.fromEntries(own) as S };
}

function checkOptions<S extends object>(options: StreamOptions<S>): void {
  if (!("source" in options) || options.source === undefined) {
    void createStateStream(options as OwnStateOptions<S>).close();
    return;
  }
  const { source, slices, ...others } = options;
  if (typeof source.getState !== "function" || typeof source.subscribe !== "function")
    throw new StateStreamError("invalid-option", "The option source must have getState and subscribe.");
  // Before this node leads, neither the store's state nor the option slices may be called.
  const nothing = { getState: () => ({}) as S, subscribe: () => () => undefined };
  const names = Array.isArray(slices) ? { slices: slices as readonly (keyof S & string)[] } : {};
  void createStateStream<S>({ ...others, ...names, source: nothing }).close();
}
