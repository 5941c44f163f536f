import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { StateClient } from "@statestream/client";

/** How to read a client. */
export interface Selection<C, S, T> {
  /** Returns the same object until something has changed. */
  readonly read: (client: C) => S;
  /** Returns what `read` returned when the page's HTML was rendered. */
  readonly readServer: (client: C) => S;
  readonly selector: (state: S) => T;
  readonly isEqual: (a: T, b: T) => boolean;
}

/** Returns the selected value. The selector runs once per state; the value stays the same object while `isEqual` holds. */
export function useSelection<C extends StateClient<unknown>, S, T>(
  client: C,
  { read, readServer, selector, isEqual }: Selection<C, S, T>,
): T {
  const subscribe = useCallback((fn: () => void) => client.subscribe(fn), [client]);
  // The rendered value outlives the selector: an inline selector is a new function in each render.
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
