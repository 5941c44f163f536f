import { appendFileSync } from "node:fs";
import fc from "fast-check";

// Set by scripts/fuzz.mjs, or by hand to replay what fast-check printed.
const { STATESTREAM_FUZZ_RUNS, STATESTREAM_FUZZ_SEED, STATESTREAM_FUZZ_PATH, STATESTREAM_FUZZ_REPORT } = process.env;

/** How long a property may take, for vitest: as long as its runs do. In milliseconds. */
export const PROPERTY_TIMEOUT_MS: number = STATESTREAM_FUZZ_RUNS === undefined ? 60_000 : 3_600_000;

/**
 * Checks a property `runs` times, or as often as STATESTREAM_FUZZ_RUNS says. Each time is another; a failure prints its
 * seed and path, which STATESTREAM_FUZZ_SEED and STATESTREAM_FUZZ_PATH replay.
 */
export async function checkProperty<Ts>(property: fc.IAsyncProperty<Ts>, runs: number): Promise<void> {
  const details = await fc.check<Ts>(property, {
    numRuns: Number(STATESTREAM_FUZZ_RUNS ?? runs),
    ...(STATESTREAM_FUZZ_SEED === undefined ? {} : { seed: Number(STATESTREAM_FUZZ_SEED) }),
    ...(STATESTREAM_FUZZ_PATH === undefined ? {} : { path: STATESTREAM_FUZZ_PATH }),
  });
  if (STATESTREAM_FUZZ_REPORT !== undefined) appendFileSync(STATESTREAM_FUZZ_REPORT, `${details.numRuns}\n`);
  if (!details.failed) return;
  const replay = `STATESTREAM_FUZZ_SEED=${details.seed} STATESTREAM_FUZZ_PATH=${details.counterexamplePath}`;
  throw new Error(`Run ${details.numRuns}: ${fc.defaultReportMessage(details)}\n\nReplay: ${replay}`, {
    cause: details.errorInstance,
  });
}
