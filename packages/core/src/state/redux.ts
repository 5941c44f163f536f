import type { Cause } from "../protocol/events.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { type ActionId, causeOf, defaultActionId } from "./cause.ts";
import type { StateChange } from "./source.ts";

type Reducer = (state: unknown, action: unknown) => unknown;

interface Store {
  subscribe: (listener: () => void) => () => void;
  replaceReducer: (next: never) => void;
}

export interface CauseEnhancerOptions {
  /**
   * Reads an action's id. Default, the same as an event bus's: the first of `meta.__ellie.actionId`, `meta.id` and
   * `meta.requestId` (Redux Toolkit's thunks) that is a string or a number. If it throws, causes go without an id.
   */
  actionId?: ActionId;
}

/**
 * A Redux store enhancer that passes the action behind a change to the store's listeners, so that a stream over the store
 * sends it as `cause`. Put it first, around enhancers that have listeners of their own, such as Redux Toolkit's batching:
 * `configureStore({ reducer, enhancers: (base) => base().prepend(causeEnhancer()) })`.
 *
 * Where notifications are batched, the cause is the last action.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function causeEnhancer(
  options: CauseEnhancerOptions = {},
): <Create extends (...args: never[]) => Store>(createStore: Create) => Create {
  checkOptionNames("causeEnhancer", options, ["actionId"]);
  const { actionId = defaultActionId } = options;
  return <Create extends (...args: never[]) => Store>(createStore: Create): Create =>
    ((reducer: Reducer, ...rest: never[]) => {
      let cause: Cause | undefined;
      // Recorded in the reducer: dispatch out here is called with thunks, and not with the actions that they dispatch.
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
