// For those who write a backplane: a stream's log goes on in other processes. Core knows nothing of how it gets there.
export { continueStream, followStream, readState } from "./replication/continue.ts";
export type { ContinuedStream, ContinueOptions, FollowedStreamOptions } from "./replication/continue.ts";
export { systemClock } from "./support/clock.ts";
export type { Clock } from "./support/clock.ts";
export { hasKnownCheckpointFormat } from "./replication/checkpoint.ts";
export { hasKnownFormat, readChanges } from "./replication/commit.ts";
export type { Commit, CommitChange } from "./replication/commit.ts";
export type { FollowedStream, Position } from "./replication/followed-stream.ts";
export type { AttachedViews, Attachment, ViewedStream, ViewParent } from "./state/viewed-stream.ts";
export { withCause } from "./support/errors.ts";
export { formatEventId } from "./protocol/event-id.ts";
