import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkRun, type Verdict } from "./check/check.ts";
import { type Mutant, mutants, newerBuild } from "./mutants.ts";
import { linesOf, markdownOf, type Row, rowOf } from "./report.ts";
import { tableOf } from "./metrics/visible.ts";
import { Interrupted, type Outcome, run } from "./run.ts";
import { FAULTS, type FaultName } from "./schedule.ts";
import { checkTransform } from "./transform.ts";

const USAGE = `pnpm chaos [--seconds 120] [--seed N] [--clients 50] [--fault NAME ...] [--metrics] [--keep] [--save]
pnpm chaos --mutant ${Object.keys(mutants).join("|")} [--seconds 25] [--seed N]
pnpm chaos --mutants [--seconds 25] [--seed N]
pnpm chaos --check DIRECTORY`;

/** How many seeds a mutant may survive. */
const ROUNDS = 3;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  options: {
    seconds: { type: "string" },
    seed: { type: "string" },
    clients: { type: "string", default: "50" },
    fault: { type: "string", multiple: true },
    mutant: { type: "string" },
    mutants: { type: "boolean", default: false },
    check: { type: "string" },
    metrics: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
  },
});

const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const seconds = Number(values.seconds ?? (values.mutant !== undefined || values.mutants ? 25 : 120));
const unknown = values.fault?.find((name) => !FAULTS.includes(name as FaultName));
if (!(seconds > 0) || !Number.isInteger(seed) || unknown !== undefined) usage();

function usage(): never {
  console.error(`${USAGE}\n\nfaults: ${FAULTS.join(", ")}`);
  process.exit(2);
}

for (const program of ["redis-server", "haproxy", ...(values.metrics ? ["prometheus"] : [])]) {
  if (values.check !== undefined || spawnSync(program, ["--version"]).error === undefined) continue;
  console.error(`chaos: there is no ${program} here; see apps/chaos/README.md`);
  process.exit(2);
}

const print = (line: string): void => console.log(line);

async function once(
  mutant: Mutant | undefined,
  faults: readonly FaultName[] | undefined,
  seed: number,
): Promise<Outcome> {
  checkTransform(newerBuild);
  if (mutant !== undefined) checkTransform(mutant);
  print(
    `seed ${seed}, ${seconds} s, ${values.clients} clients${mutant === undefined ? "" : `, mutant ${mutant.name}`}`,
  );
  return run({
    seconds,
    seed,
    clients: Number(values.clients),
    mutant,
    faults,
    keep: values.keep,
    metrics: values.metrics,
    print,
  });
}

/** Runs a mutant, with one seed after the other; whether it was found, or cannot be and was not. */
async function hunt(name: string): Promise<boolean> {
  const mutant = mutants[name];
  if (mutant === undefined) usage();
  for (let round = 0; round < ROUNDS; round++) {
    const { verdict } = await once(mutant, mutant.faults, seed + round);
    const { findings, shownAfter } = verdict;
    for (const { invariant, what } of findings.violations.slice(0, 3)) print(`  ${invariant}: ${what}`);
    const { violations } = findings.total;
    if (violations === 0) continue;
    const when = shownAfter === undefined ? "in the end" : `after ${shownAfter.toFixed(1)} s`;
    print(`mutant ${name}: caught in round ${round + 1}, ${when}; ${violations} violations`);
    return mutant.uncaught === undefined;
  }
  print(
    `mutant ${name}: ${mutant.uncaught === undefined ? "NOT caught" : `not caught, as expected: ${mutant.uncaught}`}`,
  );
  return mutant.uncaught !== undefined;
}

/** Keeps the results beside the sources. */
function save(row: Row, verdict: Verdict): void {
  const dir = new URL("../results/", import.meta.url);
  mkdirSync(dir, { recursive: true });
  const { faults, snapshots } = verdict;
  writeFileSync(
    new URL(`seed-${seed}.json`, dir),
    `${JSON.stringify({ ...row, kinds: faults, snapshots }, null, 2)}\n`,
  );
  writeFileSync(new URL(`seed-${seed}.md`, dir), `${markdownOf([row])}\n`);
}

async function main(): Promise<void> {
  if (values.mutants || values.mutant !== undefined) {
    const missed: string[] = [];
    for (const name of values.mutants ? Object.keys(mutants) : [values.mutant as string]) {
      if (!(await hunt(name))) missed.push(name);
    }
    process.exitCode = missed.length === 0 ? 0 : 1;
    return;
  }
  const { verdict, visible, empty } =
    values.check === undefined
      ? await once(undefined, values.fault as FaultName[] | undefined, seed)
      : { verdict: checkRun(values.check), visible: [], empty: [] };
  for (const line of linesOf(verdict)) print(line);
  const row = rowOf(verdict, seed, seconds);
  console.table([row]);
  if (values.save) save(row, verdict);
  const { checks, violations } = verdict.findings.total;
  print(`chaos: ${checks} checks, ${violations} violations`);
  if (violations > 0)
    print(`replay with: pnpm chaos --seconds ${seconds} --seed ${seed} --clients ${values.clients} --keep`);
  if (visible.length > 0) print(tableOf(visible));
  const unseen = visible.filter(({ shows, alerts, expected }) => expected && shows.length + alerts.length === 0);
  for (const { fault } of unseen) print(`chaos: nothing in the metrics shows ${fault}`);
  for (const panel of empty) print(`chaos: the dashboard shows nothing at ${panel}`);
  process.exitCode = violations > 0 || unseen.length > 0 || empty.length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof Interrupted ? error.message : error);
  process.exitCode = 1;
});
