import type { EndReason } from "../protocol/events.ts";

/**
 * What a connection does next:
 *
 * - `greeting`: the `retry:` line comes first.
 * - `waiting`: it is not known yet where the client begins.
 * - `opening`: the answer comes next: a snapshot, or a heartbeat where the client resumes.
 * - `following`: the client has a state, and gets what follows its position.
 * - `ending`: `state.end` was handed over; it is closed when that is taken.
 * - `closed`.
 *
 * A connection goes down this list, and from `following` back to `opening` when the log was replaced.
 */
export type Phase = "greeting" | "waiting" | "opening" | "following" | "ending" | "closed";

/** After these the client may see nothing more, so what is pending is not sent. */
export const AT_ONCE: ReadonlySet<EndReason> = new Set<EndReason>(["expired", "revoked", "overloaded", "unavailable"]);
