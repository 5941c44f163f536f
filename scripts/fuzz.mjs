// Runs the properties of core, and the model of the backplane, again and again, each time with another seed, until the time is up:
//
//   pnpm fuzz --minutes 10        (default 1; needs no build)
//
//   pnpm fuzz --pairs 1000000     until so many random pairs of values went through the differ and two appliers
//   pnpm fuzz --lists 1000000     until so many random pairs of operation lists were composed and applied
//   pnpm fuzz --dialects 50000    until so many random histories of about 20 steps were sent to clients of every dialect and rate
//   pnpm fuzz --secrets 30000     until so many random histories of about 35 steps were searched for secrets of views
//   pnpm fuzz --differential --minutes 30     our client against an EventSource and an applier of RFC 6902 that share no code
//                                             with it, over TCP connections that are cut and stalled; also part of the default
//   pnpm fuzz --differential --seed 7         the rounds of one minute that begin with this seed
//
// The property files are those in packages/core/test that use fast-check, packages/redis/test/cluster/model.test.ts, and
// apps/chaos/test/differential.test.ts. Prints how many runs there were in all. Stops
// at the first failure, with a status other than 0: the report, for fast-check with the smallest case it found, is printed,
// and how to replay it. In packages/core/test/support/property.ts: STATESTREAM_FUZZ_RUNS, _SEED, _PATH.
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

/** Clients over faulty connections: a second of it has few rounds, which mostly wait. */
const DIFFERENTIAL = "apps/chaos/test/differential.test.ts";
const DIFFERENTIAL_SECONDS = { alone: 60, besides: 10 };

/** The options that count runs, the file whose one property they are of, and how many of its runs take a few minutes. */
const COUNTED = {
  pairs: { file: "packages/core/test/diff/differ.pairs.test.ts", perRound: 50_000 },
  lists: { file: "packages/core/test/diff/compose.fuzz.test.ts", perRound: 50_000 },
  dialects: { file: "packages/core/test/delivery/dialects.property.test.ts", perRound: 5000 },
  secrets: { file: "packages/core/test/state/views.secrets.test.ts", perRound: 50_000 },
};

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    pairs: { type: "string" },
    lists: { type: "string" },
    dialects: { type: "string" },
    secrets: { type: "string" },
    differential: { type: "boolean", default: false },
    seed: { type: "string" },
  },
});
for (const [name, value] of Object.entries(values))
  if (typeof value === "string" && !(Number(value) > 0))
    throw new Error(`--${name} is ${value}; it must be a number above 0.`);
const minutes = Number(values.minutes);
const counted = Object.keys(COUNTED).find((name) => values[name] !== undefined);
const wanted = counted === undefined ? undefined : Number(values[counted]);

const root = fileURLToPath(new URL("..", import.meta.url));
const tests = "packages/core/test";
const names = readdirSync(join(root, tests), { recursive: true }).filter(
  (name) => name.endsWith(".test.ts") && /["']fast-check["']/.test(readFileSync(join(root, tests, name), "utf8")),
);
const all = [...names.map((name) => `${tests}/${name}`), MODEL, DIFFERENTIAL];
const files = values.differential ? [DIFFERENTIAL] : counted === undefined ? all : [COUNTED[counted].file];

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
while ((wanted === undefined ? Date.now() < until : totalRuns() < wanted) && failingSeed === undefined) {
  const seed = values.seed ?? Math.floor(Math.random() * 2 ** 31);
  const seconds = values.differential ? DIFFERENTIAL_SECONDS.alone : DIFFERENTIAL_SECONDS.besides;
  const env = {
    ...process.env,
    NODE_NO_WARNINGS: "1",
    STATESTREAM_FUZZ_RUNS: String(
      wanted === undefined ? RUNS_PER_ROUND : Math.min(COUNTED[counted].perRound, wanted - totalRuns()),
    ),
    STATESTREAM_FUZZ_SEED: String(seed),
    STATESTREAM_FUZZ_REPORT: report,
    STATESTREAM_DIFFERENTIAL_SECONDS: String(Math.min(seconds, (until - Date.now()) / 1000)),
  };
  const args = [
    "run",
    "--project",
    "core",
    "--project",
    "redis",
    "--project",
    "chaos",
    "--testTimeout",
    "3600000",
    ...files,
  ];
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
  console.log(`FAILED with seed ${failingSeed}. Above: the report, and how to replay it.`);
  process.exitCode = 1;
}
