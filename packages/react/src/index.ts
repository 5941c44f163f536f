"use client";

import type { StateClient, StreamStatus } from "@statestream/client";
import { useSelection } from "./use-selection.ts";

/**
 * The client's state, or what `selector` makes of it. The component renders again when that changes, by `isEqual`
 * (default: `Object.is`), and not when anything else does: parts of the state that did not change keep their identity.
 * A selector that builds something new each time wants an `isEqual` that looks inside. Selectors may be inline.
 *
 * The state is `undefined` until the first has arrived, except for clients that were given an `initial` state: with those,
 * HTML rendered on a server from the same state hydrates without a difference, also if the client has moved on meanwhile.
 *
 * @example
 * const open = useStateStream(client, (state) => state?.todos.filter((todo) => !todo.done).length);
 */
export function useStateStream<S>(client: StateClient<S>, selector?: undefined, isEqual?: (a: S, b: S) => boolean): S;
export function useStateStream<S, T>(
  client: StateClient<S>,
  selector: (state: S) => T,
  isEqual?: (a: T, b: T) => boolean,
): T;
export function useStateStream<S>(
  client: StateClient<S>,
  selector: (state: S) => unknown = identity,
  isEqual: (a: unknown, b: unknown) => boolean = Object.is,
): unknown {
  return useSelection(client, { read: readState, readServer: readServerState, selector, isEqual });
}

/**
 * What the client is doing. The component renders again when any of this changes. It does not for each event or byte, so
 * `eventId` and `bytes` are not here: ask `client.getStatus()` for them.
 *
 * On a server, and until HTML from there is hydrated, a client with a state is `stale` since 0, one without `connecting`.
 */
export function useStreamStatus(client: StateClient<unknown>): Omit<StreamStatus, "eventId" | "bytes"> {
  return useSelection(client, statusSelection);
}

type Shown = Omit<StreamStatus, "eventId" | "bytes">;

const shownOf = ({ status, since, attempt, resumed, error }: Shown): Shown => ({
  status,
  since,
  attempt,
  resumed,
  error,
});

const statusSelection = {
  read: (client: StateClient<unknown>): Shown => client.getStatus(),
  readServer: (client: StateClient<unknown>): Shown =>
    readServerState(client) === undefined ? SERVER_CONNECTING : SERVER_STALE,
  selector: shownOf,
  isEqual: (a: Shown, b: Shown): boolean =>
    a.status === b.status &&
    a.since === b.since &&
    a.attempt === b.attempt &&
    a.resumed === b.resumed &&
    a.error === b.error,
};

const SERVER_STALE: Shown = { status: "stale", since: 0, attempt: 0, resumed: false, error: undefined };
const SERVER_CONNECTING: Shown = { ...SERVER_STALE, status: "connecting" };

const identity = <S>(state: S): S => state;

const readState = <S>(client: StateClient<S>): S => client.getState();

/** The states that pages began to hydrate with. A part that hydrates later has HTML from then, whatever has arrived since. */
const hydrated = new WeakMap<StateClient<unknown>, unknown>();

/** Only asked while rendering on a server, where it is the state of now, and while hydrating. */
function readServerState<S>(client: StateClient<S>): S {
  if (!("document" in globalThis)) return client.getState();
  if (!hydrated.has(client)) hydrated.set(client, client.getState());
  return hydrated.get(client) as S;
}
