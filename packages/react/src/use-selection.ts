import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { StateClient } from "@statestream/client";

/** What to show of a client. */
export interface Selection<C, S, T> {
  /** The same object until something changed. */
  readonly read: (client: C) => S;
  /** What `read` gave, or would have given, when the page's HTML was rendered. */
  readonly readServer: (client: C) => S;
  readonly selector: (state: S) => T;
  readonly isEqual: (a: T, b: T) => boolean;
}

/** The selected value: asked for once per state, and the same value for as long as `isEqual` says so. */
export function useSelection<C extends StateClient<unknown>, S, T>(
  client: C,
  { read, readServer, selector, isEqual }: Selection<C, S, T>,
): T {
  const subscribe = useCallback((fn: () => void) => client.subscribe(fn), [client]);
  // What is on the screen outlives the selector: inline selectors are new in each render.
  const shown = useRef<{ readonly value: T } | undefined>(undefined);
  const [getValue, getServerValue] = useMemo(() => {
    let last: { readonly state: S; readonly value: T } | undefined;
    const select = (state: S): T => {
      if (last !== undefined && Object.is(last.state, state)) return last.value;
      const previous = last ?? shown.current;
      const next = selector(state);
      const value = previous !== undefined && isEqual(previous.value, next) ? previous.value : next;
      last = { state, value };
      return value;
    };
    return [() => select(read(client)), () => select(readServer(client))];
  }, [client, read, readServer, selector, isEqual]);
  const value = useSyncExternalStore(subscribe, getValue, getServerValue);
  useEffect(() => {
    shown.current = { value };
  }, [value]);
  return value;
}
