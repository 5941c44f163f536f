import type { LineageStep } from "../log/lineage.ts";
import type { EncodedEvent } from "../log/entry.ts";
import type { Log } from "../log/log.ts";
import type { TracksStart } from "../log/slice-tracks.ts";

/** Where a log begins that continues another's. */
export interface LogStart extends TracksStart {
  /** The seq of the last event. */
  readonly seq: number;
  /** The epochs of positions up to it, oldest first, as far as they are known. */
  readonly lineage: readonly LineageStep[];
}

/** One commit of another log. */
export interface EncodedCommit {
  readonly epoch: string;
  /** The epoch of the event before its first. */
  readonly previous: string;
  /** The seq of its first event. */
  readonly first: number;
  readonly timestamp: number;
  readonly events: readonly EncodedEvent[];
}

/** The start of a log that nothing has happened in. */
export function newLogStart(epoch: string): LogStart {
  return { seq: 0, lineage: [[0, epoch]], lasts: [], removed: [], forgotten: 0 };
}

/** Where a log can begin that continues this one. */
export function logStartOf(log: Log): LogStart {
  // A log that continues with commits before this position learns older epochs from them.
  return { seq: log.head, lineage: log.lineage.upTo(log.head), ...log.tracks.toStart() };
}

/** Makes the log continue another's, with what is known of the commits before that position. */
export function restartLog(log: Log, start: LogStart, past: readonly EncodedCommit[]): void {
  log.restart(past[0] === undefined ? start.seq : past[0].first - 1);
  log.lineage.restart(lineageOf(start, past));
  log.tracks.clear(start.forgotten);
  for (const commit of past) pushCommit(log, commit);
  log.tracks.adopt(start);
  // No connection has been sent any of it, so no commit has to be kept.
  log.trim(Infinity);
}

/** Appends one commit of the log that this one follows. */
export function followCommit(log: Log, commit: EncodedCommit): void {
  beginEpoch(log, commit.epoch);
  pushCommit(log, commit);
  log.trim(commit.first);
}

/** Events from here on are of this epoch. */
export function beginEpoch(log: Log, epoch: string): void {
  log.lineage.begin(log.head + 1, epoch);
}

function pushCommit(log: Log, { first, timestamp, events }: EncodedCommit): void {
  for (const event of events) log.push(event, first, timestamp);
}

/** The epochs of a log that continues at `start`: also those of its past, which `start` may have forgotten. */
function lineageOf({ lineage }: LogStart, past: readonly EncodedCommit[]): LineageStep[] {
  const [oldest] = past;
  if (oldest === undefined) return [...lineage];
  const steps = lineage.filter(([from]) => from < oldest.first);
  if (steps.length === 0) steps.push([oldest.first - 1, oldest.previous]);
  for (const { first, epoch } of past) if (steps.at(-1)?.[1] !== epoch) steps.push([first, epoch]);
  return steps;
}
