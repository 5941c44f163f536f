// For the other end: what a client needs to keep its copy, and nothing of the stream.
export { setOwn } from "./json/json.ts";
export { applyOperations } from "./json/operations.ts";
