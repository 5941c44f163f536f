import type { StateClient, StreamStatus } from "@statestream/client";
import { computed, type ComputedRef, getCurrentInstance, onMounted, onScopeDispose, shallowRef } from "vue";

/** What components show of a client: not what changes with each event. */
type Shown = Omit<StreamStatus, "eventId" | "bytes">;

/**
 * Returns a ref of the client's state, or of what `selector` makes of it. It changes when that does by `isEqual` (default:
 * `Object.is`), and not when anything else does: parts of the state that did not change keep their identity. Props and refs
 * that the selector reads are tracked. Call it in `setup` or in an effect scope, whose end unsubscribes it; nothing is closed.
 *
 * @example
 * const open = useStateStream(client, (state) => state?.todos.filter((todo) => !todo.done).length);
 */
export function useStateStream<S, T = S>(
  client: StateClient<S>,
  selector: (state: S) => T = (state) => state as unknown as T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): ComputedRef<T> {
  const readInitial = isServer() ? client.getState : client.getInitialState;
  const isInitial = follow(client);
  return keeping(() => selector(isInitial() ? readInitial() : client.getState()), isEqual);
}

/**
 * Returns a ref of what the client is doing. It does not change for each event or byte, so `eventId` and `bytes` are not
 * included: `client.getStatus()` has them. On a server, and until its HTML is hydrated, a client with a state is `stale` since 0.
 */
export function useStreamStatus(client: StateClient<unknown>): ComputedRef<Shown> {
  const status = client.getInitialState() === undefined ? "connecting" : "stale";
  const initial: Shown = { status, since: 0, attempt: 0, resumed: false, error: undefined };
  const names = Object.keys(initial) as (keyof Shown)[];
  const isInitial = follow(client);
  const shown = (): Shown => (isInitial() ? initial : client.getStatus());
  return keeping(shown, (a, b) => names.every((name) => a[name] === b[name]));
}

const isServer = (): boolean => !("document" in globalThis);

/** Keeps the old value while it equals the new one, so that nothing renders. */
function keeping<T>(read: () => T, isEqual: (a: T, b: T) => boolean): ComputedRef<T> {
  return computed<T>((last) => {
    const value = read();
    return last !== undefined && isEqual(last, value) ? last : value;
  });
}

/** The function returned tracks the client. It returns whether to show what the HTML of a server shows. */
function follow(client: StateClient<unknown>): () => boolean {
  // A server never unmounts, so a subscription there would stay for ever.
  if (isServer()) return () => true;
  // A component that hydrates has its element before its setup runs.
  const isInitial = shallowRef(Boolean(getCurrentInstance()?.vnode.el));
  if (isInitial.value) onMounted(() => (isInitial.value = false));
  const commits = shallowRef(0);
  onScopeDispose(client.subscribe(() => commits.value++));
  return () => commits.value >= 0 && isInitial.value;
}
