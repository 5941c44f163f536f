import { appendFileSync } from "node:fs";
import fc from "fast-check";

// The tests of packages/redis import this file too.

// Set by scripts/fuzz.mjs, or by hand to replay what fast-check printed.
const { STATESTREAM_FUZZ_RUNS, STATESTREAM_FUZZ_SEED, STATESTREAM_FUZZ_PATH, STATESTREAM_FUZZ_REPORT } = process.env;

/** The timeout of a property's test: a fuzz run may take as long as its runs do. In milliseconds. */
export const PROPERTY_TIMEOUT_MS: number = STATESTREAM_FUZZ_RUNS === undefined ? 60_000 : 3_600_000;

/**
 * Checks a property `runs` times, or as often as STATESTREAM_FUZZ_RUNS says, with other values each time. A failure prints its
 * seed and path, which STATESTREAM_FUZZ_SEED and STATESTREAM_FUZZ_PATH replay.
 */
export function checkProperty<Ts>(property: fc.IProperty<Ts>, runs: number): void {
  judge(fc.check<Ts>(property, parametersOf(runs)));
}

/** The same for a property with an asynchronous predicate. */
export async function checkAsyncProperty<Ts>(property: fc.IAsyncProperty<Ts>, runs: number): Promise<void> {
  judge(await fc.check<Ts>(property, parametersOf(runs)));
}

function parametersOf(runs: number): { numRuns: number; seed?: number; path?: string } {
  return {
    numRuns: Number(STATESTREAM_FUZZ_RUNS ?? runs),
    ...(STATESTREAM_FUZZ_SEED === undefined ? {} : { seed: Number(STATESTREAM_FUZZ_SEED) }),
    ...(STATESTREAM_FUZZ_PATH === undefined ? {} : { path: STATESTREAM_FUZZ_PATH }),
  };
}

function judge<Ts>(details: fc.RunDetails<Ts>): void {
  if (STATESTREAM_FUZZ_REPORT !== undefined) appendFileSync(STATESTREAM_FUZZ_REPORT, `${details.numRuns}\n`);
  if (!details.failed) return;
  const replay = `STATESTREAM_FUZZ_SEED=${details.seed} STATESTREAM_FUZZ_PATH=${details.counterexamplePath}`;
  throw new Error(`${fc.defaultReportMessage(details)}\n\nReplay: ${replay}`, { cause: details.errorInstance });
}
