import type { StateClient, StreamStatus } from "@statestream/client";
import { createSubscriber } from "svelte/reactivity";

/** A value that templates, `$derived` and `$effect` follow by reading `current`. */
export interface Current<T> {
  readonly current: T;
}

/** What components show of a client: not what changes with each event. */
type Shown = Omit<StreamStatus, "eventId" | "bytes">;
type IsEqual<T> = (a: T, b: T) => boolean;

/**
 * Follows a client's state, or what `selector` makes of it. What reads `current` runs again when that changes by `isEqual`
 * (default: `Object.is`), and not when anything else does: parts of the state that did not change keep their identity. Props
 * and `$state` that the selector reads are tracked. The client is subscribed to while something reactive reads `current`;
 * nothing is closed.
 *
 * Call it in a component: HTML that a server rendered hydrates from the client's `initial` state, whatever has arrived since.
 *
 * @example
 * const open = useStateStream(client, (state) => state?.todos.filter((todo) => !todo.done).length);
 */
export function useStateStream<S, T = S>(
  client: StateClient<S>,
  selector: (state: S) => T = (state) => state as unknown as T,
  isEqual: IsEqual<T> = Object.is,
): Current<T> {
  return follow(client, (isInitial) => selector(isInitial ? client.getInitialState() : client.getState()), isEqual);
}

/**
 * Follows what the client is doing. It does not change for each event or byte, so `eventId` and `bytes` are not included:
 * `client.getStatus()` has them. On a server, and until its HTML is hydrated, a client with a state is `stale` since 0.
 */
export function useStreamStatus(client: StateClient<unknown>): Current<Shown> {
  const status = client.getInitialState() === undefined ? "connecting" : "stale";
  const initial: Shown = { status, since: 0, attempt: 0, resumed: false, error: undefined };
  const names = Object.keys(initial) as (keyof Shown)[];
  const read = (isInitial: boolean): Shown => (isInitial || !("document" in globalThis) ? initial : client.getStatus());
  return follow(client, read, (a, b) => names.every((name) => a[name] === b[name]));
}

/** `read` returns what the HTML of a server shows where it is called with true. */
function follow<T>(client: StateClient<unknown>, read: (initial: boolean) => T, isEqual: IsEqual<T>): Current<T> {
  // Svelte does not say whether it hydrates, but a page does so in one go: until that is over, any component may.
  let isInitial = "document" in globalThis;
  queueMicrotask(() => (isInitial = false));
  let last = read(isInitial);
  const look = (value = read(isInitial)): T => (last = isEqual(last, value) ? last : value);
  const track = createSubscriber((render) => {
    let rendered = look();
    const update = (): void => void (Object.is(rendered, (rendered = look())) || render());
    queueMicrotask(update);
    return client.subscribe(update);
  });
  return {
    get current() {
      return (track(), look());
    },
  };
}
