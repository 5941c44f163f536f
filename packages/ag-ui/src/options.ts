import type { RunAgentInput } from "@ag-ui/core";
import { StateStreamError, type StreamStateOptions } from "@statestream/core";

/** Options of `streamAgUi` and `writeAgUi`. The request can narrow `slices` further, never widen them. */
export interface AgUiOptions extends Omit<StreamStateOptions, "onClose"> {
  /**
   * The slice that is the conversation: a list of AG-UI messages. It is sent as messages and not as state: what is added to
   * a text or to the arguments of a tool call goes as the piece alone. Default: none; then every slice is state.
   */
  messages?: string | undefined;
  /** The RunAgentInput of a POST whose body a parser has read, such as `req.body` of Express. It is checked. Default: the body is read. */
  input?: unknown;
  /**
   * The application's agent, called for each POST once the client is accepted. Its changes to the stream reach the
   * client while it works. When it resolves, what it changed is sent, then RUN_FINISHED; when it rejects, RUN_ERROR with the
   * code `run-failed`, never the error's text. `signal` is aborted when the response ends before that: the client has left,
   * or the server ended the connection. Default: the response follows the stream until that ends.
   */
  run?: ((input: RunAgentInput, signal: AbortSignal) => Promise<void>) | undefined;
}

const NAMES: Readonly<Record<keyof AgUiOptions, true>> = {
  messages: true,
  input: true,
  run: true,
  slices: true,
  maxRateHz: true,
  expiresAt: true,
  revoked: true,
  context: true,
  headers: true,
};

/**
 * Checks what core does not: the names, of which it knows others, and the options that only this package has.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkOptions(options: AgUiOptions): void {
  if (typeof options !== "object" || options === null) throw invalid("AG-UI needs an object of options.");
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) {
    throw invalid(`AG-UI has no option "${unknown}". Its options are ${Object.keys(NAMES).join(", ")}.`);
  }
  const { messages, run } = options;
  if (messages !== undefined && typeof messages !== "string") {
    throw invalid("The option messages must be the name of a slice.");
  }
  if (run !== undefined && typeof run !== "function") throw invalid("The option run must be a function.");
}

function invalid(message: string): StateStreamError {
  return new StateStreamError("invalid-option", message);
}
