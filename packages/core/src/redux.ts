import type { Cause } from "./events.ts";
import { causeOf, type StateChange } from "./source.ts";

interface Store {
  dispatch: (...args: never[]) => unknown;
  subscribe: (listener: () => void) => () => void;
}

export interface CauseEnhancerOptions {
  /** Reads an action's id. Default: its `meta.id`, else its `meta.requestId` (thunks of Redux Toolkit). */
  actionId?: (action: unknown) => string | number | undefined;
}

/**
 * A Redux store enhancer that tells the store's listeners which action was behind a change, so that a stream over the
 * store can send it as `cause`. Put it last, where it sees what reaches the reducer:
 * `configureStore({ reducer, enhancers: (base) => base().concat(causeEnhancer()) })`.
 *
 * Where notifications are batched, the last action stands for all.
 */
export function causeEnhancer(
  options: CauseEnhancerOptions = {},
): <Create extends (...args: never[]) => Store>(createStore: Create) => Create {
  const { actionId = metaId } = options;
  return <Create extends (...args: never[]) => Store>(createStore: Create): Create =>
    ((...args: never[]) => {
      const store = createStore(...args);
      let cause: Cause | undefined;
      const dispatch = ((action: never) => {
        // Before the store does: it notifies while it dispatches.
        cause = causeOf(action, actionId);
        return store.dispatch(action);
      }) as Store["dispatch"];
      const subscribe = (listener: (change?: StateChange) => void): (() => void) =>
        store.subscribe(() => listener({ cause }));
      return { ...store, dispatch, subscribe };
    }) as Create;
}

function metaId(action: unknown): string | number | undefined {
  const meta = (action as { meta?: { id?: unknown; requestId?: unknown } }).meta;
  const id = meta?.id ?? meta?.requestId;
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}
