export { createStateClient } from "./client.ts";
export type { DeepReadonly, InitialState, StateClient, StateClientOptions, StreamStatus } from "./state-client.ts";
export { StateClientError } from "./errors.ts";
export type { StateClientErrorCode } from "./errors.ts";
