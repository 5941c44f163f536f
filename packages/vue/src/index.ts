import type { StateClient, StreamStatus } from "@statestream/client";
import {
  computed,
  type ComputedRef,
  getCurrentInstance,
  onMounted,
  onScopeDispose,
  shallowRef,
  type ShallowRef,
} from "vue";

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
  const state = follow(client, client.getState, isServer() ? client.getState : client.getInitialState);
  return keeping(() => selector(state.value), isEqual);
}

/**
 * Returns a ref of what the client is doing. It does not change for each event or byte, so `eventId` and `bytes` are not
 * included: `client.getStatus()` has them. On a server, and until its HTML is hydrated, a client with a state is `stale` since 0.
 */
export function useStreamStatus(client: StateClient<unknown>): ComputedRef<Shown> {
  const initial = client.getInitialState() === undefined ? ("connecting" as const) : ("stale" as const);
  const onServer = { status: initial, since: 0, attempt: 0, resumed: false, error: undefined };
  const current = follow<Shown>(client, client.getStatus, () => onServer);
  const names = Object.keys(onServer) as (keyof Shown)[];
  const shown = (): Shown => Object.fromEntries(names.map((name) => [name, current.value[name]])) as unknown as Shown;
  return keeping(shown, (a, b) => names.every((name) => a[name] === b[name]));
}

/** Keeps the old value while it equals the new one, so that nothing renders. */
function keeping<T>(read: () => T, isEqual: (a: T, b: T) => boolean): ComputedRef<T> {
  let last: { readonly value: T } | undefined;
  return computed(() => {
    const value = read();
    if (last === undefined || !isEqual(last.value, value)) last = { value };
    return last.value;
  });
}

function isServer(): boolean {
  return !("document" in globalThis);
}

/** A ref of what `read` returns. `readInitial` returns what the HTML of a server shows. */
function follow<T>(client: StateClient<unknown>, read: () => T, readInitial: () => T): ShallowRef<T> {
  // A component that hydrates has its element before its setup runs.
  const hydrates = Boolean(getCurrentInstance()?.vnode.el);
  const value = shallowRef(hydrates || isServer() ? readInitial() : read()) as ShallowRef<T>;
  // A server never unmounts, so a subscription there would stay for ever.
  if (isServer()) return value;
  let isReady = !hydrates;
  const update = (): void => void (isReady && (value.value = read()));
  onScopeDispose(client.subscribe(update));
  if (hydrates) onMounted(() => ((isReady = true), update()));
  return value;
}
