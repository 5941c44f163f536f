import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs } from "./monotonic.ts";
import type { Fact } from "./facts.ts";

/** A process's log: one fact a line, as JSON. */
export interface Log {
  write(fact: Fact): void;
  close(): void;
}

/** A fact with when and where it was written down. */
export type Entered<F extends Fact = Fact> = F & { readonly t: number; readonly who: string };

/**
 * Opens a log of the run in `dir`, to append. `atOnce`: each fact is with the system before `write` returns, so that what
 * a process that is killed had written is there; else up to 64 KiB wait.
 */
export function openLog(dir: string, who: string, { atOnce = true }: { atOnce?: boolean } = {}): Log {
  const file = openSync(join(dir, `${who}.jsonl`), "a");
  let waiting = "";
  let isClosed = false;
  const flush = (): void => {
    if (waiting !== "") writeSync(file, waiting);
    waiting = "";
  };
  return {
    write(fact) {
      // A run that ended early has faults that are still being healed.
      if (isClosed) return;
      waiting += `${JSON.stringify({ t: monotonicMs(), who, ...fact })}\n`;
      if (atOnce || waiting.length > 65_536) flush();
    },
    close() {
      flush();
      isClosed = true;
      closeSync(file);
    },
  };
}

/** Every fact of a run, in the order of time. */
export function readLogs(dir: string): Entered[] {
  const facts: Entered[] = [];
  for (const name of readdirSync(dir)) {
    if (!name.endsWith(".jsonl")) continue;
    const lines = readFileSync(join(dir, name), "utf8").split("\n");
    // What follows the last line end was being written when the process was killed.
    lines.pop();
    for (const line of lines) facts.push(JSON.parse(line) as Entered);
  }
  return facts.sort((a, b) => a.t - b.t);
}
