export { createStateStream } from "./state/create.ts";
export type { CreateStateStream, OwnStateOptions, SourceOptions } from "./state/create.ts";
export { eventBusSource } from "./state/event-bus.ts";
export type { EventBus, EventBusSourceOptions } from "./state/event-bus.ts";
export type { SnapshotMode, StateChange, StateSource } from "./state/source.ts";

export { createStateViews } from "./state/views.ts";
export type { CreateStateViews, StateViews, StateViewsOptions } from "./state/views.ts";

export { fastJsonPatch } from "./diff/fast-json-patch.ts";
export type { Differ } from "./diff/differ.ts";
export type { Serialize } from "./state/comparison.ts";
export type { StateStreamOptions } from "./state/options.ts";

export type {
  ConnectOptions,
  SnapshotOptions,
  StateOf,
  StateSnapshot,
  StateStream,
  StateStreamStats,
} from "./state/stream.ts";
export type { JsonSlice, OptionalSlice, WritableStateStream } from "./state/writable-stream.ts";
export type { CloseReason, Connection, Ending } from "./delivery/connection.ts";

export type { ConnectionEvent } from "./protocol/frame.ts";
export type {
  Cause,
  EndReason,
  HeartbeatEvent,
  SnapshotReason,
  StateEndEvent,
  StateEvent,
  StateInitialEvent,
  StateUpdateEvent,
} from "./protocol/events.ts";
export type { Json, Operation } from "./json/types.ts";
export type { Jsonified } from "./json/jsonified.ts";

export { answerRequest } from "./http/request.ts";
export type { StreamAnswer, StreamStateOptions, StreamRequest } from "./http/request.ts";

export { StateStreamError } from "./support/errors.ts";
export type { StateStreamErrorCode } from "./support/errors.ts";
