import { appendFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { runRound } from "../src/differential/round.ts";

// Set by scripts/fuzz.mjs, or by hand to replay a seed that a failure named.
const { STATESTREAM_FUZZ_SEED, STATESTREAM_FUZZ_REPORT, STATESTREAM_DIFFERENTIAL_SECONDS } = process.env;

/** Rounds at a time: they mostly wait. */
const LANES = 8;

test(
  "our client and an EventSource with an applier of RFC 6902 have the server's state at every position, over wires that cut and stall",
  { timeout: 3_600_000 },
  async () => {
    // In development our client says which slices of its selection are missing; here they come and go.
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const until = performance.now() + Number(STATESTREAM_DIFFERENTIAL_SECONDS ?? 0) * 1000;
    let seed = Number(STATESTREAM_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const divergences: string[] = [];
    let compared = 0;
    const lane = async (): Promise<void> => {
      do {
        const result = await runRound(seed++);
        divergences.push(...result.divergences);
        compared += result.compared;
        if (STATESTREAM_FUZZ_REPORT !== undefined) appendFileSync(STATESTREAM_FUZZ_REPORT, "1\n");
      } while (divergences.length === 0 && performance.now() < until);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(divergences, "replay the seed: STATESTREAM_FUZZ_SEED=... pnpm fuzz --differential").toEqual([]);
    expect(compared).toBeGreaterThan(LANES * 50);
  },
);
