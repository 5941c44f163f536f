/**
 * The rules that the probe checks on every response, in every case.
 *
 * - `http`: the response is well-formed HTTP/1.1; to a request of HTTP/1.0, its status line may say so too.
 * - `headers`: one of each, `Connection` and `Transfer-Encoding` as the HTTP server alone would set them.
 * - `retry`: the first line is `retry: <milliseconds>`, without a blank line.
 * - `lines`: an event is exactly the lines `event`, `data` and `id`, in this order, each ended by one LF; UTF-8.
 * - `names`: only the four events.
 * - `members`: the data is one JSON object with the members of its event, all of the right type, and no other.
 * - `ids`: the grammar; one epoch and one selection for a connection; the seq of the data.
 * - `seqs`: positions never go back, every update has a new one, nothing but an update has one of its own.
 * - `base`: the seq of the slice's previous event.
 * - `patches`: they apply, and cost no more than max(512, the value).
 * - `more`: the next event after it is of the same commit.
 * - `end`: nothing comes after `state.end` but the end of the response.
 * - `secret`: the text `SECRET` does not occur.
 */
export type Rule =
  | "http"
  | "headers"
  | "retry"
  | "lines"
  | "names"
  | "members"
  | "ids"
  | "seqs"
  | "base"
  | "patches"
  | "more"
  | "end"
  | "secret";

/** A text in values that clients must never see. */
export const SECRET = "sentinel-0f6e1b";

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
}

/** Called with each violation. */
export type Report = (rule: Rule, text: string) => void;
