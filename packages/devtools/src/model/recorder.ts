import type { OnEvent, StreamStatus } from "@statestream/client";
import { type ConnectionRecord, createConnections } from "./connections.ts";
import { createEventLog, type LogEntry } from "./event-log.ts";
import { createSliceFigures, type SliceFigures } from "./slices.ts";
import { createTraffic } from "./traffic.ts";

/** What the panel needs of a client: every `StateClient` has it. */
export interface InspectedClient {
  readonly getState: () => object | undefined;
  readonly getStatus: () => StreamStatus;
  readonly subscribe: (fn: () => void) => () => void;
  readonly observe: (fn: OnEvent) => () => void;
  /** Who answered the newest connection, where an application with several servers can say so. */
  readonly answeredBy?: () => string | undefined;
}

/** Everything the panel shows of one client, at one moment. */
export interface Recording {
  readonly state: object | undefined;
  readonly status: StreamStatus;
  readonly entries: readonly LogEntry[];
  readonly totalEvents: number;
  readonly connections: readonly ConnectionRecord[];
  readonly slices: readonly SliceFigures[];
  readonly receivedBytes: number;
  readonly snapshotBytes: number;
}

/** Records what happens to one client from now on, within bounds. */
export interface Recorder {
  read(): Recording;
  /** The client keeps working. */
  stop(): void;
}

export function createRecorder(client: InspectedClient, onChange: () => void): Recorder {
  const log = createEventLog();
  const traffic = createTraffic();
  const connections = createConnections();
  const slices = createSliceFigures();
  let before = client.getStatus();
  const bytesBefore = before.bytes;
  if (before.status === "live") connections.join();
  else if (before.status !== "closed") connections.begin();

  const stopStatus = client.subscribe(() => {
    const status = client.getStatus();
    if (status.error !== undefined && status.error !== before.error) connections.failed(status.error.message);
    const isAttempt = status.attempt > before.attempt || (before.status === "closed" && status.status !== "closed");
    if (isAttempt) connections.begin();
    before = status;
    onChange();
  });
  const stopEvents = client.observe((event, { id, bytes }) => {
    const state = client.getState();
    log.add(event, id, bytes, state);
    traffic.take(event, state);
    slices.take(event, bytes);
    connections.answered(client.answeredBy?.());
    connections.take(event, bytes);
    onChange();
  });

  return {
    read: () => ({
      state: client.getState(),
      status: client.getStatus(),
      entries: log.entries(),
      totalEvents: log.total,
      connections: connections.records(),
      slices: slices.read(client.getState()),
      receivedBytes: client.getStatus().bytes - bytesBefore,
      snapshotBytes: traffic.snapshotBytes,
    }),
    stop() {
      stopStatus();
      stopEvents();
    },
  };
}
