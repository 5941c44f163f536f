import { inventions } from "./inventions.ts";
import { type Calls, measure, type States } from "./way.ts";
import { workloads } from "./workloads.ts";

// The program of a process that measures one workload: its name, what is measured, with which states, and milliseconds.

const [name, calls, states, ms] = process.argv.slice(2) as [string, Calls, States, string];
const workload = [...workloads, ...inventions].find((each) => each.name === name);
if (workload === undefined) throw new Error(`There is no workload "${name}".`);
process.send?.(await measure(workload, calls, states, Number(ms)));
