import { isRecord } from "../json/json.ts";
import { StateStreamError } from "../support/errors.ts";

/** @throws {StateStreamError} `invalid-state` */
export function checkState(state: unknown, origin: string): asserts state is Record<string, unknown> {
  if (isRecord(state)) return;
  const given = Array.isArray(state) ? "an array" : state === null ? "null" : `a ${typeof state}`;
  throw new StateStreamError("invalid-state", `${origin} is ${given}; it must be an object with one member per slice.`);
}
