"use client";

import type { StateClient, StreamStatus } from "@statestream/client";
import { useSelection } from "./use-selection.ts";

/**
 * Returns the client's state, or what `selector` makes of it. The component renders again when that changes by `isEqual`
 * (default: `Object.is`), and not when anything else does: parts of the state that did not change keep their identity.
 * A selector that builds a new value each time needs an `isEqual` that compares its contents. Selectors may be inline.
 *
 * The state is `undefined` until the first has arrived, except for clients with an `initial` state: with those, HTML that a
 * server rendered from the same state hydrates without a difference, also where the client has changed meanwhile.
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
 * Returns what the client is doing. The component renders again when any of this changes. It does not for each event or byte,
 * so `eventId` and `bytes` are not included: `client.getStatus()` has them.
 *
 * On a server, and until its HTML is hydrated, a client with a state is `stale` since 0, one without is `connecting`.
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

/**
 * Called only while rendering on a server, where it is the current state, and while hydrating. A part of a page that hydrates
 * late still has the HTML of the initial state, whatever has arrived since.
 */
function readServerState<S>(client: StateClient<S>): S {
  return "document" in globalThis ? client.getInitialState() : client.getState();
}
