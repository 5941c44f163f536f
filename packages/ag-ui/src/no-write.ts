import type { IncomingMessage, ServerResponse } from "node:http";
import { type StateStream, StateStreamError } from "@statestream/core";
import type { AgUiOptions } from "./options.ts";

/** Stands in for `write.ts` on runtimes without Node's responses, so that nothing of Node is loaded there. */
export function writeAgUi(
  _req: IncomingMessage,
  _res: ServerResponse,
  _stream: StateStream,
  _options: AgUiOptions = {},
): Promise<void> {
  throw new StateStreamError(
    "invalid-option",
    "writeAgUi needs the responses of Node; use streamAgUi on this runtime.",
  );
}
