export { createStateClient } from "./create-state-client.ts";
export type {
  DeepReadonly,
  InitialState,
  OnEvent,
  StateClient,
  StateClientOptions,
  StreamStatus,
} from "./state-client.ts";
export { StateClientError } from "./errors.ts";
export type { StateClientErrorCode } from "./errors.ts";
