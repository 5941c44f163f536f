// What a client needs to keep its copy of the state, and nothing of the stream.
export { setOwn } from "./json/json.ts";
export { applyOperations } from "./json/operations.ts";
