// Runs the properties of core, and the model of the backplane, again and again, each time with another seed, until the time is up:
//
//   pnpm fuzz --minutes 10        (default 1; needs no build)
//
//   pnpm fuzz --pairs 1000000     until so many random pairs of values went through the differ and two appliers
//
// The property files are those in packages/core/test that use fast-check, and packages/redis/test/cluster/model.test.ts. Prints how many runs there were in all. Stops
// at the first failure, with a status other than 0: fast-check's report, with the smallest case it found, is printed,
// and how to replay it. In support/property.ts: STATESTREAM_FUZZ_RUNS, _SEED, _PATH.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Runs of each property per round: long enough that starting vitest does not matter. */
const RUNS_PER_ROUND = 2000;

/** What may happen to nodes around an engine in memory; needs no Redis. */
const MODEL = "packages/redis/test/cluster/model.test.ts";

/** Pairs are quick. */
const PAIRS_PER_ROUND = 50_000;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" }, pairs: { type: "string" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}; it must be a number above 0.`);
const pairs = values.pairs === undefined ? undefined : Number(values.pairs);
if (pairs !== undefined && !(pairs > 0)) throw new Error(`--pairs is ${values.pairs}; it must be a number above 0.`);

const root = fileURLToPath(new URL("..", import.meta.url));
const tests = "packages/core/test";
const names = readdirSync(join(root, tests), { recursive: true }).filter(
  (name) => name.endsWith(".test.ts") && /["']fast-check["']/.test(readFileSync(join(root, tests, name), "utf8")),
);
const files =
  pairs === undefined ? [...names.map((name) => `${tests}/${name}`), MODEL] : [`${tests}/diff/differ.pairs.test.ts`];

const scratch = mkdtempSync(join(tmpdir(), "statestream-fuzz-"));
const report = join(scratch, "runs");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const until = Date.now() + minutes * 60_000;

/** The runs that properties have reported so far. */
function totalRuns() {
  try {
    return readFileSync(report, "utf8")
      .split("\n")
      .reduce((sum, line) => sum + Number(line), 0);
  } catch {
    return 0;
  }
}

let failingSeed;
let rounds = 0;
while ((pairs === undefined ? Date.now() < until : totalRuns() < pairs) && failingSeed === undefined) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const env = {
    ...process.env,
    NODE_NO_WARNINGS: "1",
    STATESTREAM_FUZZ_RUNS: String(
      pairs === undefined ? RUNS_PER_ROUND : Math.min(PAIRS_PER_ROUND, pairs - totalRuns()),
    ),
    STATESTREAM_FUZZ_SEED: String(seed),
    STATESTREAM_FUZZ_REPORT: report,
  };
  const args = ["run", "--project", "core", "--project", "redis", "--testTimeout", "3600000", ...files];
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  rounds++;
  if (status === 0) {
    console.log(`round ${rounds}, seed ${seed}: passed; ${totalRuns()} runs so far`);
  } else {
    failingSeed = seed;
    process.stdout.write(stdout);
    process.stderr.write(stderr);
  }
}
console.log(`${totalRuns()} runs in ${rounds} rounds of ${files.length} property files`);
rmSync(scratch, { recursive: true });
if (failingSeed !== undefined) {
  console.log(`FAILED with seed ${failingSeed}. Above: fast-check's report and how to replay it.`);
  process.exitCode = 1;
}
