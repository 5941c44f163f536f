import type { Commit } from "../../src/replication/commit.ts";
import {
  type ContinuedStream,
  continueStream,
  type FollowedStreamOptions,
  followStream,
} from "../../src/replication/continue.ts";
import type { FollowedStream } from "../../src/replication/followed-stream.ts";
import type { ConnectOptions, StateEvent, StateStream, StateStreamOptions } from "../../src/index.ts";
import { createTestClock, type TestClock } from "../../src/state/testing.ts";
import { type Bookmark, ReferenceClient } from "./reference-client.ts";
import type { Follower, Slices } from "./streams.ts";

/** An epoch that differs from others by a letter or a number. */
export function epoch(name: string | number): string {
  return `${name}`.padStart(11, "0");
}

export interface Origin extends ContinuedStream<Slices> {
  readonly clock: TestClock;
  /** Every commit it made. */
  readonly commits: Commit[];
  // As properties, so that tests may take them apart.
  readonly checkpoint: () => string;
  readonly rebase: (checkpoint: string, epoch: string) => void;
}

/** A stream whose commits go elsewhere. */
export function originOf(initialState: Slices, options: StateStreamOptions<Slices> = {}): Origin {
  const clock = createTestClock();
  const commits: Commit[] = [];
  const to = { epoch: epoch("a"), onCommit: (commit: Commit) => void commits.push(commit) };
  return { ...continueStream({ initialState, ...options }, to, clock.clock), clock, commits };
}

export interface Copy {
  readonly copy: FollowedStream<Slices>;
  /** How often a waiting client was reported. */
  readonly waited: () => number;
}

/** A stream that has received nothing yet. */
export function emptyCopy(clock: TestClock, options: Partial<FollowedStreamOptions> = {}): Copy {
  let waited = 0;
  const copy = followStream<Slices>({ onWaiting: () => void waited++, ...options }, clock.clock);
  return { copy, waited: () => waited };
}

/** A stream that has begun where the origin is now. */
export function copyOf(origin: Origin, options?: Partial<FollowedStreamOptions>): Copy {
  const made = emptyCopy(origin.clock, options);
  made.copy.adopt(origin.checkpoint(), origin.commits);
  return made;
}

/** A client of a stream that goes on in other processes. */
export function join(stream: StateStream, options: ConnectOptions = {}, bookmark?: Bookmark): Follower {
  const connection = stream.connect({ lastEventId: bookmark?.id, ...options });
  const client = new ReferenceClient(bookmark, 1, true);
  return { connection, client, pull: (chunks) => client.pull(connection, chunks) };
}

/** What came, in short. */
export function said(events: readonly StateEvent[]): string[] {
  return events.map((event) => {
    if (event.type === "state.initial") return `${event.reason} ${event.seq}`;
    if (event.type === "state.update") return `${event.slice} ${event.seq}`;
    return event.type === "state.end" ? event.reason : `at ${event.seq}${event.stale === true ? " stale" : ""}`;
  });
}
