export { createStateStream } from "./create.ts";
export type { CreateStateStream, OwnStateOptions, SourceOptions } from "./create.ts";
export { eventBusSource } from "./source.ts";
export type { EventBus, EventBusSourceOptions, SnapshotMode, StateChange, StateSource } from "./source.ts";

export { fastJsonPatch } from "./differ.ts";
export type { Differ } from "./differ.ts";
export { createStructuralDiffer, structuralDiffer } from "./structural-differ.ts";
export type { StructuralDifferOptions } from "./structural-differ.ts";
export type { Serialize } from "./slices.ts";
export type { StateStreamOptions } from "./options.ts";

export type { ConnectOptions, StateStream, StateStreamStats } from "./state-stream.ts";
export type { WritableStateStream } from "./writable-stream.ts";
export type { CloseReason, Connection } from "./connection.ts";

export type { ConnectionEvent } from "./frame.ts";
export type {
  Cause,
  EndReason,
  HeartbeatEvent,
  Json,
  Operation,
  SnapshotReason,
  StateEndEvent,
  StateEvent,
  StateInitialEvent,
  StateUpdateEvent,
} from "./events.ts";

export { answerRequest } from "./request.ts";
export type { StreamAnswer, StreamOptions, StreamRequest } from "./request.ts";

export { StateStreamError } from "./errors.ts";
export type { StateStreamErrorCode } from "./errors.ts";
