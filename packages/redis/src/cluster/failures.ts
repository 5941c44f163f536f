import { StateStreamError, type StateStreamErrorCode } from "@statestream/core";
import { withCause } from "@statestream/core/backplane";

/** The error that reports what failed and why, and what happens next. */
export function failure(code: StateStreamErrorCode, what: string, cause: unknown, next: string): StateStreamError {
  return new StateStreamError(code, withCause(what, cause, next), { cause });
}
