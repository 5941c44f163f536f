import { createStateClient, type DeepReadonly, type OnEvent, type StreamStatus } from "@statestream/client";
import type { StateEvent } from "@statestream/core";
import type { InspectedClient } from "@statestream/devtools";
import type { Framework } from "../../../src/frameworks.ts";
import type { BoardState, PlaygroundState } from "../../../src/state.ts";
import type { send } from "../send.ts";
import { type Answer, createAnswerTracker } from "./answer.ts";
import { createGate } from "./gate.ts";
import { type History, NO_HISTORY, withSample } from "./history.ts";

export type SliceName = "board" | "system" | "transcript";
export const SLICES: readonly SliceName[] = ["board", "system", "transcript"];

/** Whatever is followed; the rest is absent. */
type State = DeepReadonly<Partial<PlaygroundState>>;

type Board = DeepReadonly<BoardState>;

type Client = ReturnType<typeof createStateClient<State>>;

/** Everything the page shows, at one moment. */
export interface View {
  readonly state: State | undefined;
  readonly status: StreamStatus;
  readonly isReading: boolean;
  readonly slices: readonly SliceName[];
  /** The chosen one, or who answered where none was chosen. */
  readonly framework: string | undefined;
  /** Whether there are several nodes. */
  readonly isCluster: boolean;
  readonly history: History;
  /** Connected, to a node that says that its state may be old. */
  readonly isBehind: boolean;
  readonly answer: Answer;
  /** Changes of this page that its copy does not contain yet. */
  readonly pending: number;
}

/**
 * Shows a change of the board at once, and until the copy contains it or it fails. Rejects with what went wrong.
 */
export type ChangeBoard = (recipe: (board: Board) => Board, sent: ReturnType<typeof send>) => Promise<void>;

/** The page's connection, and what it remembers of it. */
export interface Session {
  /** For the inspector: one client, although its settings make another one each time they change. */
  readonly inspected: InspectedClient;
  getView(): View;
  readonly change: ChangeBoard;
  /** Calls `fn` at most once a frame, until the returned function is called. */
  subscribe(fn: () => void): () => void;
  /** Goes on where it was. */
  connect(): void;
  disconnect(): void;
  pause(): void;
  read(): void;
  follow(slices: readonly SliceName[]): void;
  /** Goes on with another framework of the same server. */
  choose(framework: Framework): void;
}

export function createSession(): Session {
  const answers = createAnswerTracker();
  const observers = new Set<OnEvent>();
  const listeners = new Set<() => void>();
  const gate = createGate();
  const subscribers = new Set<() => void>();
  let slices = SLICES;
  let chosen: Framework | undefined;
  let history = NO_HISTORY;
  let earlierBytes = 0;
  let isBehind = false;
  let pending = 0;
  let frame: number | undefined;
  let client = open();

  function open(before?: Client): Client {
    const path = chosen === undefined ? "/events" : `/${chosen}/events`;
    const opened: Client = createStateClient<State>(path, {
      // All is no narrowing: a flood's slice is to be seen too.
      ...(slices.length < SLICES.length && { slices }),
      ...resumable(before),
      fetch: fetchGated,
      onEvent: (event, details) => note(opened, event, details),
    });
    opened.subscribe(statusChanged);
    return opened;
  }

  /** What the client before knew: the new one asks only for what came since. */
  function resumable(before: Client | undefined): { initial?: { state: State; eventId: string } } {
    const state = before?.getState();
    const eventId = before?.getStatus().eventId;
    return state === undefined || eventId === undefined ? {} : { initial: { state, eventId } };
  }

  async function fetchGated(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const response = await fetch(input, init);
    answers.answered(response);
    return gate.pass(response);
  }

  function note(from: Client, event: StateEvent, details: Parameters<OnEvent>[1]): void {
    const state = from.getState();
    isBehind = event.type === "heartbeat" && event.stale === true;
    for (const fn of observers) fn(event, details);
    const sampled = event.type === "state.initial" || (event.type === "state.update" && event.slice === "system");
    if (sampled && state?.system !== undefined) history = withSample(history, event.timestamp / 1000, state.system);
    changed();
  }

  /** Its bytes are those of all clients so far. */
  function getStatus(): StreamStatus {
    const status = client.getStatus();
    return { ...status, bytes: earlierBytes + status.bytes };
  }

  function statusChanged(): void {
    answers.changed(client.getStatus());
    for (const fn of listeners) fn();
    changed();
  }

  function changed(): void {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      for (const fn of subscribers) fn();
    });
  }

  function replace(): void {
    earlierBytes += client.getStatus().bytes;
    client.close();
    client = open(client);
    statusChanged();
  }

  function isClosed(): boolean {
    return client.getStatus().status === "closed";
  }

  const register = <Fn>(all: Set<Fn>, fn: Fn): (() => void) => {
    all.add(fn);
    return () => void all.delete(fn);
  };

  return {
    inspected: {
      getState: () => client.getState(),
      getStatus,
      subscribe: (fn) => register(listeners, fn),
      observe: (fn) => register(observers, fn),
      answeredBy: () => answers.newest.framework,
    },
    getView: () => ({
      state: client.getState(),
      status: client.getStatus(),
      isReading: gate.isOpen,
      slices,
      framework: chosen ?? answers.newest.framework,
      isCluster: answers.newest.pid !== undefined,
      history,
      isBehind,
      answer: answers.newest,
      pending,
    }),
    async change(recipe, sent) {
      pending += 1;
      changed();
      try {
        await client.optimistic((state) => (state.board ? { ...state, board: recipe(state.board) } : state), sent);
      } finally {
        pending -= 1;
        changed();
      }
    },
    subscribe: (fn) => register(subscribers, fn),
    connect() {
      if (isClosed()) replace();
    },
    disconnect() {
      client.close();
    },
    pause() {
      gate.close();
      changed();
    },
    read() {
      gate.open();
      changed();
    },
    follow(names) {
      slices = names;
      if (!isClosed()) replace();
      changed();
    },
    choose(framework) {
      chosen = framework;
      if (!isClosed()) replace();
      changed();
    },
  };
}
