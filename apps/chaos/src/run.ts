import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRun, type Verdict } from "./check/check.ts";
import { faults } from "./faults.ts";
import { Timeline } from "./check/timeline.ts";
import { readLogs } from "./log.ts";
import { emptyPanels } from "./metrics/dashboard.ts";
import { Prometheus } from "./metrics/prometheus.ts";
import { type Visible, visibleFaults } from "./metrics/visible.ts";
import { watchLag } from "./lag.ts";
import { monotonicMs } from "./monotonic.ts";
import { Processes } from "./processes.ts";
import { plan, type FaultName, type PlannedFault } from "./schedule.ts";
import { sampleNodes, settle } from "./settle.ts";
import { HEARTBEAT_MS } from "./settings.ts";
import type { Transform } from "./transform.ts";
import { pause, World } from "./world.ts";

export interface RunOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly mutant: Transform | undefined;
  /** Only these. */
  readonly faults: readonly FaultName[] | undefined;
  /** Leaves the logs where they are. */
  readonly keep: boolean;
  /** Runs a Prometheus beside it, and says what is to be seen of each fault. */
  readonly metrics: boolean;
  readonly print: (line: string) => void;
}

/** What a run has shown, and what was to be seen of it in the metrics. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly visible: readonly Visible[];
  /** Expressions of the dashboard that had nothing to show. */
  readonly empty: readonly string[];
}

/** The run was interrupted by a signal. */
export class Interrupted extends Error {}

/** Starts everything, makes faults for so long, waits until all is well, and judges. Nothing is left behind. */
export async function run(options: RunOptions): Promise<Outcome> {
  const { seconds, seed, clients, mutant, keep, metrics, print } = options;
  const dir = mkdtempSync(join(tmpdir(), "statestream-chaos-"));
  if (!keep) process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  const processes = new Processes(dir);
  const world = new World({ dir, seed, clients, processes, mutant });
  let endEarly!: (error: Error) => void;
  const ended = new Promise<never>((_, reject) => (endEarly = reject));
  const interrupt = (signal: NodeJS.Signals): void => endEarly(new Interrupted(`Interrupted by ${signal}.`));
  // Whatever ends this early ends the rest as well.
  processes.onUnexpectedExit = endEarly;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  let stop = (): void => {};
  let visible: readonly Visible[] = [];
  let empty: readonly string[] = [];
  try {
    const nemesis = async (): Promise<void> => {
      await world.start();
      const prometheus = metrics ? await Prometheus.start(dir, world.metricsPorts, processes) : undefined;
      // Only now is there a node to take samples of.
      stop = watch(world);
      world.log.write({ kind: "started", seed, seconds, clients, heartbeatMs: HEARTBEAT_MS });
      await makeFaults(world, plan(seed, seconds, options.faults), print);
      print("the nemesis has stopped");
      await settle(world);
      const { faults } = new Timeline(readLogs(dir));
      if (prometheus !== undefined) {
        visible = await visibleFaults(prometheus, faults, Date.now() - monotonicMs());
        empty = await emptyPanels(prometheus);
      }
    };
    await Promise.race([nemesis(), ended]);
  } finally {
    stop();
    await processes.endAll();
    await world.removeRedis();
    world.log.close();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
    if (keep) print(`the logs are in ${dir}`);
  }
  return { verdict: checkRun(dir), visible, empty };
}

/** Makes the faults when they are due. A heavy one waits until those before it are healed, unless it overlaps the last one. */
async function makeFaults(
  world: World,
  planned: readonly PlannedFault[],
  print: (line: string) => void,
): Promise<void> {
  const start = monotonicMs();
  const seconds = (): string => ((monotonicMs() - start) / 1000).toFixed(1).padStart(6);
  const light: Promise<void>[] = [];
  const heavy: Promise<void>[] = [];
  for (const [n, { at, fault, holdMs, pick, light: isLight, overlaps }] of planned.entries()) {
    await pause(at - (monotonicMs() - start));
    if (!isLight && !overlaps) await Promise.all(heavy.splice(0));
    const begins = (...targets: string[]): void => {
      print(`${seconds()} s  ${fault}  ${targets.join(" ")}`);
      world.log.write({ kind: "fault", n, fault, targets });
    };
    const made = faults[fault]({ world, pick, holdMs, begins }).then(() => world.log.write({ kind: "healed", n }));
    // Awaited later; until then a rejection must not end the process.
    made.catch(() => undefined);
    (isLight ? light : heavy).push(made);
  }
  await Promise.all([...heavy, ...light]);
}

/** Looks at the nodes every two seconds, and at how late this process itself is. */
function watch(world: World): () => void {
  const unwatch = watchLag(world.log);
  const samples = setInterval(() => void sampleNodes(world), 2000);
  return () => {
    unwatch();
    clearInterval(samples);
  };
}
