import type { Cause } from "../protocol/events.ts";
import { causeOf, type StateChange } from "./source.ts";

type Reducer = (state: unknown, action: unknown) => unknown;

interface Store {
  subscribe: (listener: () => void) => () => void;
  replaceReducer: (next: never) => void;
}

export interface CauseEnhancerOptions {
  /** Reads an action's id. Default: its `meta.id`, else its `meta.requestId` (thunks of Redux Toolkit). */
  actionId?: (action: unknown) => string | number | undefined;
}

/**
 * A Redux store enhancer that tells the store's listeners which action was behind a change, so that a stream over the
 * store can send it as `cause`. Put it first, around those that have listeners of their own, as Redux Toolkit's batching
 * does: `configureStore({ reducer, enhancers: (base) => base().prepend(causeEnhancer()) })`.
 *
 * Where notifications are batched, the last action stands for all.
 */
export function causeEnhancer(
  options: CauseEnhancerOptions = {},
): <Create extends (...args: never[]) => Store>(createStore: Create) => Create {
  const { actionId = metaId } = options;
  return <Create extends (...args: never[]) => Store>(createStore: Create): Create =>
    ((reducer: Reducer, ...rest: never[]) => {
      let cause: Cause | undefined;
      // Seen where it reaches the reducer: out here, dispatch is given thunks, and is not given what they dispatch.
      const watched = (inner: Reducer) =>
        ((state, action) => {
          cause = causeOf(action, actionId);
          return inner(state, action);
        }) as Reducer as never;
      const store = createStore(watched(reducer), ...rest);
      return {
        ...store,
        subscribe: (listener: (change?: StateChange) => void) => store.subscribe(() => listener({ cause })),
        replaceReducer: (next: Reducer) => store.replaceReducer(watched(next)),
      };
    }) as unknown as Create;
}

function metaId(action: unknown): string | number | undefined {
  const meta = (action as { meta?: { id?: unknown; requestId?: unknown } }).meta;
  const id = meta?.id ?? meta?.requestId;
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}
