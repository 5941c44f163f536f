import { parseArgs } from "node:util";
import { runConformance } from "./conformance.ts";
import { measureCost } from "./cost/measure.ts";
import { leaveConnections } from "./leaving.ts";
import { plainWorkerSurvives } from "./plain-worker.ts";
import { staysOpen } from "./quiet.ts";
import { exceptionsOf, type Runtime, runtimes } from "./runtimes.ts";
import { cellOf, outdatedCells, writeTable } from "./table.ts";

const usage = `pnpm test:runtimes [--table] [runtime ...]
       pnpm test:runtimes --cost

Runs the conformance suite over HTTP against ${runtimes.map(({ id }) => id).join(", ")}; by default those that are not Node,
which "pnpm test:nodes" runs. Their programs come from npm. With --table, all of them are run, and the table of the README is
written anew; without, it is compared with the run. With --cost, it measures instead what a stream costs beside a bare ReadableStream, on Linux,
and writes apps/runtimes/results/cost.md.`;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  allowPositionals: true,
  options: {
    table: { type: "boolean", default: false },
    cost: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const byDefault = runtimes.filter(({ id }) => values.table || !id.startsWith("node"));
const chosen = positionals.length === 0 ? byDefault : runtimes.filter(({ id }) => positionals.includes(id));
if (values.help || chosen.length < positionals.length) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
if (values.cost) {
  await measureCost();
  process.exit(0);
}

const passed = new Map<string, number>();
let checks = 0;
let failures = 0;
const check = (holds: boolean, text: string): void => {
  checks++;
  if (!holds) failures++;
  console.log(`${holds ? "ok" : "FAILED"}  ${text}`);
};

async function run(runtime: Runtime): Promise<void> {
  const server = await runtime.start();
  try {
    // It takes a while in which nothing is done, so it is waited for at the end.
    const quiet = staysOpen(`${server.url}/hono/servers`);
    for (const adapter of runtime.adapters) {
      const control = `${server.url}/${adapter}/servers`;
      const exceptions = exceptionsOf(runtime, adapter);
      const { passed: count, faults } = await runConformance(control, exceptions, runtime.heartbeatMs);
      passed.set(cellOf(runtime, adapter), count);
      const except = Object.entries(exceptions).map(([id, reason]) => `\n        but ${id}: ${reason}`);
      const wrong = faults.map((fault) => `\n     !! ${fault}`);
      check(wrong.length === 0, [`${runtime.title}, ${adapter}: ${count} cases`, ...except, ...wrong].join(""));
      const open = await leaveConnections(control);
      check(
        open === 0,
        `${runtime.title}, ${adapter}: 10,000 clients connect and leave; ${open} connections stay open`,
      );
    }
    check(await quiet, `${runtime.title}, hono: a stream on which nothing happens stays open`);
  } finally {
    await server.stop();
  }
}

for (const runtime of chosen) await run(runtime);
if (chosen.some(({ id }) => id === "workerd")) {
  check(!(await plainWorkerSurvives()), "a plain Worker's stream hangs when a client leaves: use a Durable Object");
}
if (values.table) writeTable(passed);
for (const cell of outdatedCells(passed)) check(false, `The README is outdated (pnpm test:runtimes --table): ${cell}`);
console.log(`${checks - failures} passed, ${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
