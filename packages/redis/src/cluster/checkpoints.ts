import { type Clock, followStream } from "@statestream/core/backplane";
import type { Commit } from "./engine.ts";

/** The next checkpoint is due when the entries since the last one have as many bytes as that, at least these, or so many entries. */
const MIN_BYTES = 32 * 1024;
const MAX_ENTRIES = 200;

/** Says when a stream needs a checkpoint, so that reading it costs no more than about twice the state. */
export class CheckpointPace {
  #entries = 0;
  #bytes = 0;
  #checkpointBytes = 0;

  /** Whether a checkpoint is due once these entries are stored. */
  isDueAfter(entries: readonly Commit[]): boolean {
    return (
      this.#entries + entries.length > MAX_ENTRIES ||
      this.#bytes + bytesOf(entries) > Math.max(MIN_BYTES, this.#checkpointBytes)
    );
  }

  appended(entries: readonly Commit[]): void {
    this.#entries += entries.length;
    this.#bytes += bytesOf(entries);
  }

  stored(checkpointBytes: number): void {
    this.#entries = 0;
    this.#bytes = 0;
    this.#checkpointBytes = checkpointBytes;
  }
}

/**
 * A checkpoint of where the engine's log ends.
 *
 * @throws {StateStreamError} `invalid-commit`, when the checkpoint or an entry cannot be used.
 */
export function checkpointAtHead(checkpoint: string, entries: readonly Commit[], clock: Clock): string {
  const copy = followStream({ onWaiting: () => undefined, maxLogBytes: 0 }, clock);
  copy.adopt(checkpoint, entries);
  return copy.checkpoint();
}

function bytesOf(entries: readonly Commit[]): number {
  return entries.reduce((sum, { body }) => sum + body.length, 0);
}
