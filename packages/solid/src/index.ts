import type { StateClient, StreamStatus } from "@statestream/client";
import { type Accessor, createMemo, createSignal, onCleanup, onMount, sharedConfig } from "solid-js";

/** What components show of a client: not what changes with each event. */
type Shown = Omit<StreamStatus, "eventId" | "bytes">;

/**
 * Returns an accessor of the client's state, or of what `selector` makes of it. It changes when that does by `isEqual`
 * (default: `Object.is`), and not when anything else does: parts of the state that did not change keep their identity. Props
 * and signals that the selector reads are tracked. Call it in a component or a root, whose end unsubscribes it; nothing is
 * closed.
 *
 * @example
 * const open = useStateStream(client, (state) => state?.todos.filter((todo) => !todo.done).length);
 */
export function useStateStream<S, T = S>(
  client: StateClient<S>,
  selector: (state: S) => T = (state) => state as unknown as T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): Accessor<T> {
  const readInitial = isServer() ? client.getState : client.getInitialState;
  const isInitial = follow(client);
  return createMemo(() => selector(isInitial() ? readInitial() : client.getState()), undefined, { equals: isEqual });
}

/**
 * Returns an accessor of what the client is doing. It does not change for each event or byte, so `eventId` and `bytes` are not
 * included: `client.getStatus()` has them. On a server, and until its HTML is hydrated, a client with a state is `stale`
 * since 0.
 */
export function useStreamStatus(client: StateClient<unknown>): Accessor<Shown> {
  const status = client.getInitialState() === undefined ? "connecting" : "stale";
  const initial: Shown = { status, since: 0, attempt: 0, resumed: false, error: undefined };
  const names = Object.keys(initial) as (keyof Shown)[];
  const equals = (a: Shown, b: Shown): boolean => names.every((name) => a[name] === b[name]);
  const isInitial = follow(client);
  return createMemo(() => (isInitial() ? initial : client.getStatus()), undefined, { equals });
}

const isServer = (): boolean => !("document" in globalThis);

/** The subscription of a client, shared by all its users: with one signal for all, no effect sees two of its states at once. */
const followed = new WeakMap<StateClient<unknown>, { users: number; changed: Accessor<void>; stop: () => void }>();

/** The function returned tracks the client. It returns whether to show what the HTML of a server shows. */
function follow(client: StateClient<unknown>): Accessor<boolean> {
  // A server never unmounts, so a subscription there would stay for ever.
  if (isServer()) return () => true;
  const [isInitial, setInitial] = createSignal(sharedConfig.context !== undefined);
  if (isInitial()) onMount(() => setInitial(false));
  const [changed, change] = createSignal<void>(undefined, { equals: false });
  const entry = followed.get(client) ?? { users: 0, changed, stop: client.subscribe(change) };
  if (entry.users++ === 0) followed.set(client, entry);
  onCleanup(() => {
    if (--entry.users > 0) return;
    entry.stop();
    followed.delete(client);
  });
  return () => (entry.changed(), isInitial());
}
