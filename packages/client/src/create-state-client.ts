import { Client, type Options } from "./client.ts";
import type { DeepReadonly, InitialState, StateClient, StateClientOptions } from "./state-client.ts";

/**
 * Connects to a state stream and follows it for good: through network failures, restarts and sleep. The state is never
 * wrong: after a change that does not fit, the client requests a new snapshot, and what that cannot repair closes it with an
 * error.
 *
 * A relative URL is resolved against the page's base, as `fetch` does. Where there is none, as on a server, the client stays
 * `closed` with its `initial` state; absolute URLs connect everywhere.
 *
 * @throws {TypeError} for a malformed URL
 * @throws {RangeError} for a `maxRateHz` that is not from 0.5 to 1,000
 * @example
 * const client = createStateClient<{ count: number }>("/events");
 * client.subscribe(() => render(client.getState()));
 */
export function createStateClient<S extends object>(
  url: string | URL,
  options: StateClientOptions<keyof S & string> & { initial: InitialState<S> },
): StateClient<DeepReadonly<S>>;
export function createStateClient<S extends object>(
  url: string | URL,
  options?: StateClientOptions<keyof S & string>,
): StateClient<DeepReadonly<S> | undefined>;
export function createStateClient<S extends object>(
  url: string | URL,
  options: Options = {},
): StateClient<DeepReadonly<S> | undefined> {
  return new Client(url, options) as StateClient<unknown> as StateClient<DeepReadonly<S> | undefined>;
}
