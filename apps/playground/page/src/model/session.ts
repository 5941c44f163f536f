import { createStateClient, type DeepReadonly, type StreamStatus } from "@statestream/client";
import type { StateEvent } from "@statestream/core";
import type { Framework } from "../../../src/frameworks.ts";
import type { PlaygroundState } from "../../../src/state.ts";
import { type ConnectionRecord, createConnections } from "./connections.ts";
import { createEventLog, type LogEntry } from "./event-log.ts";
import { createGate } from "./gate.ts";
import { type History, NO_HISTORY, withSample } from "./history.ts";
import { createTraffic } from "./traffic.ts";

export type SliceName = "board" | "system" | "transcript";
export const SLICES: readonly SliceName[] = ["board", "system", "transcript"];

/** Whatever is followed; the rest is absent. */
export type State = DeepReadonly<Partial<PlaygroundState>>;

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
  readonly entries: readonly LogEntry[];
  readonly totalEvents: number;
  readonly connections: readonly ConnectionRecord[];
  readonly receivedBytes: number;
  readonly snapshotBytes: number;
}

/** The page's connection, and what it remembers of it. */
export interface Session {
  getView(): View;
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
  const log = createEventLog();
  const traffic = createTraffic();
  const connections = createConnections();
  const gate = createGate();
  const subscribers = new Set<() => void>();
  let slices = SLICES;
  let chosen: Framework | undefined;
  let history = NO_HISTORY;
  let earlierBytes = 0;
  let frame: number | undefined;
  let client = open();

  function open(before?: Client): Client {
    const path = chosen === undefined ? "/events" : `/${chosen}/events`;
    const opened: Client = createStateClient<State>(path, {
      // All is no narrowing: a flood's slice is to be seen too.
      ...(slices.length < SLICES.length && { slices }),
      ...resumable(before),
      fetch: fetchGated,
      onError: ({ message }) => connections.failed(message),
      onEvent: (event, { id, bytes }) => note(opened, event, id, bytes),
    });
    opened.subscribe(changed);
    return opened;
  }

  /** What the client before knew: the new one asks only for what came since. */
  function resumable(before: Client | undefined): { initial?: { state: State; eventId: string } } {
    const state = before?.getState();
    const eventId = before?.getStatus().eventId;
    return state === undefined || eventId === undefined ? {} : { initial: { state, eventId } };
  }

  async function fetchGated(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    connections.begin();
    changed();
    const response = await fetch(input, init);
    connections.answered(response.headers.get("x-framework"), response.headers.get("x-pid"));
    return gate.pass(response);
  }

  function note(from: Client, event: StateEvent, id: string | undefined, size: number): void {
    const state = from.getState();
    log.add(event, id, size);
    traffic.take(event, state);
    connections.take(event, size);
    const sampled = event.type === "state.initial" || (event.type === "state.update" && event.slice === "system");
    if (sampled && state?.system !== undefined) history = withSample(history, event.timestamp / 1000, state.system);
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
    changed();
  }

  function isClosed(): boolean {
    return client.getStatus().status === "closed";
  }

  return {
    getView: () => ({
      state: client.getState(),
      status: client.getStatus(),
      isReading: gate.isOpen,
      slices,
      framework: chosen ?? connections.records().find(({ framework }) => framework !== undefined)?.framework,
      isCluster: connections.records().some(({ pid }) => pid !== undefined),
      history,
      entries: log.entries(),
      totalEvents: log.total,
      connections: connections.records(),
      receivedBytes: earlierBytes + client.getStatus().bytes,
      snapshotBytes: traffic.snapshotBytes,
    }),
    subscribe(fn) {
      subscribers.add(fn);
      return () => void subscribers.delete(fn);
    },
    connect() {
      if (isClosed()) replace();
    },
    disconnect() {
      client.close();
      changed();
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
