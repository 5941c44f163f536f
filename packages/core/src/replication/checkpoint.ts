import { isEpoch, isSeq } from "../protocol/event-id.ts";
import type { Json } from "../json/types.ts";
import { isRecord } from "../json/json.ts";
import { type EncodedCommit, type LogStart, logStartOf, restartLog } from "./log-start.ts";
import type { BaseStateStream } from "../state/state-stream.ts";

/** The format of checkpoints. Those without a number have this one too. */
const FORMAT = 1;

/** The whole state at a position, and what a log needs to continue from there. */
export interface Checkpoint {
  readonly start: LogStart;
  /** Each visible slice with what clients hold of it. */
  readonly slices: readonly (readonly [slice: string, json: Json])[];
}

/** A checkpoint as text; `texts` gives each slice with its JSON. */
export function textOfCheckpoint(start: LogStart, texts: Iterable<readonly [slice: string, text: string]>): string {
  const slices: string[] = [];
  for (const [slice, text] of texts) slices.push(`[${JSON.stringify(slice)},${text}]`);
  return `{"format":${FORMAT},"start":${JSON.stringify(start)},"slices":[${slices.join(",")}]}`;
}

/** The stream's checkpoint as text. Costs the state. */
export function checkpointOf<S extends object>({ log, logged }: BaseStateStream<S>): string {
  const texts: [slice: string, text: string][] = [];
  for (const slice of logged.names()) {
    const text = logged.text(slice);
    if (text !== undefined) texts.push([slice, text]);
  }
  return textOfCheckpoint(logStartOf(log), texts);
}

/** Continues the stream at a checkpoint, with what is known of the commits before it. Its clients get a snapshot. */
export function restartAt<S extends object>(
  stream: BaseStateStream<S>,
  { start, slices }: Checkpoint,
  past: readonly EncodedCommit[],
): void {
  const before = [...stream.logged.names()];
  restartLog(stream.log, start, past);
  stream.logged.clear();
  for (const [slice, json] of slices) stream.logged.replace(slice, json);
  stream.restarted(before.filter((slice) => !stream.logged.has(slice)));
}

/** Whether this version can read the checkpoint, as far as its format says. */
export function hasKnownCheckpointFormat(text: string): boolean {
  const [, format = FORMAT] = /^\{"format":(\d{1,9}),/.exec(text) ?? [];
  return Number(format) <= FORMAT;
}

/** @throws {Error} when it is not such a text */
export function readCheckpoint(text: string): Checkpoint {
  if (!hasKnownCheckpointFormat(text))
    throw new Error("Its format is of a later version; this node keeps its state until it is updated.");
  const checkpoint: unknown = JSON.parse(text);
  if (isRecord(checkpoint)) {
    const { start, slices } = checkpoint;
    if (isStart(start) && isPairs(slices) && slices.every(([slice]) => typeof slice === "string"))
      return { start, slices: slices as unknown as Checkpoint["slices"] };
  }
  throw new Error("Not a checkpoint: expected {start, slices} as checkpoint() writes it.");
}

function isStart(start: unknown): start is LogStart {
  if (!isRecord(start)) return false;
  const { seq, lineage, lasts, removed, forgotten } = start;
  const isPast = (other: unknown): boolean => isSeq(seq) && isSeq(other) && other <= seq;
  return (
    isPast(seq) &&
    isPast(forgotten) &&
    isLineage(lineage, isPast) &&
    isPairs(lasts) &&
    lasts.every(([slice, last]) => typeof slice === "string" && isPast(last)) &&
    Array.isArray(removed) &&
    removed.every((slice) => typeof slice === "string")
  );
}

/** Without steps in order, the epoch of a position would be unknown. */
function isLineage(lineage: unknown, isPast: (seq: unknown) => boolean): boolean {
  if (!isPairs(lineage) || lineage.length === 0) return false;
  return lineage.every(([from, epoch], index) => {
    const before = index === 0 ? -1 : (lineage[index - 1]?.[0] as number);
    return isEpoch(epoch) && isPast(from) && (from as number) > before;
  });
}

function isPairs(list: unknown): list is readonly (readonly [unknown, unknown])[] {
  return Array.isArray(list) && list.every((pair) => Array.isArray(pair) && pair.length === 2);
}
