import { parseArgs } from "node:util";
import { apply } from "./apply/command.ts";
import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { cluster } from "./cluster/command.ts";
import { connect } from "./connect/command.ts";
import { diff } from "./diff/command.ts";
import { herd } from "./herd/command.ts";
import { fanout } from "./fanout/command.ts";
import { pinLoad } from "./measure/cpus.ts";
import { memory } from "./memory/command.ts";
import { metrics } from "./metrics/command.ts";
import { rate } from "./rate/command.ts";
import { environmentOf } from "./report/environment.ts";
import { text } from "./text/command.ts";
import { views } from "./views/command.ts";
import { printResult, saveResult } from "./report/write.ts";

const commands: readonly Command[] = [diff, apply, fanout, connect, herd, memory, views, text, rate, metrics, cluster];

const usage = `pnpm bench <command> [--quick]

${commands.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`).join("\n")}
  all      every one of them
  check    a short run, compared with the ratios in results/: fails where one got worse by more than 20 %

Results are printed and, unless the run is quick, written to apps/bench/results/.`;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"),
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
const [name = ""] = positionals;
// As servers run. In development, streams look for values that are mutated in place, and clients freeze theirs.
process.env["NODE_ENV"] ??= "production";
const { quick } = values;
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

if (!pinLoad()) progress("The load and the servers share their cores: no taskset, or one core only.");

if (name === "check") {
  process.exitCode = (await check(
    commands.filter(({ checked }) => checked),
    progress,
  ))
    ? 0
    : 1;
} else {
  const chosen = name === "all" ? commands : commands.filter((command) => command.name === name);
  if (chosen.length === 0) {
    console.error(usage);
    process.exit(2);
  }
  const minutes = chosen.reduce((sum, command) => sum + command.minutes[quick ? "quick" : "full"], 0);
  progress(`About ${Math.ceil(minutes)} min on two cores.`);
  for (const command of chosen) {
    const report = (text: string): void => progress(`${command.name}: ${text}`);
    const result = await command.run({ quick, progress: report });
    printResult(result);
    if (!quick) saveResult(command.name, result, environmentOf(command.packages));
  }
}
