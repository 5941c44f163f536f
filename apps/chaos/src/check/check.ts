import { type Entered, readLogs } from "../log.ts";
import { checkCheapness, snapshotsOf } from "./cheapness.ts";
import { checkClients, checkNodes } from "./copies.ts";
import { type Arrivals, checkArrivals, checkBounds } from "./endings.ts";
import { checkFencing } from "./fencing.ts";
import { Findings } from "./findings.ts";
import { checkLiveness } from "./liveness.ts";
import { checkJoins, checkOnce } from "./once.ts";
import { checkLosses, type Losses } from "./losses.ts";
import { Timeline } from "./timeline.ts";
import { acknowledged, checkOperations, lineageOf, writesOf } from "./writes.ts";

/** What a run has shown. */
export interface Verdict {
  readonly findings: Findings;
  readonly faults: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly losses: Losses;
  readonly states: number;
  readonly events: number;
  readonly snapshots: Readonly<Record<string, number>>;
  readonly arrivals: Arrivals;
  /** Seconds from the start until the first violation shows; `undefined` when none shows before the end. */
  readonly shownAfter: number | undefined;
  /** How often the machine was too busy for the rig to be on time. */
  readonly lags: number;
}

/** Judges a run by what its processes wrote down, and by nothing else. */
export function checkRun(dir: string): Verdict {
  return checkFacts(readLogs(dir));
}

export function checkFacts(facts: readonly Entered[]): Verdict {
  const findings = new Findings();
  const timeline = new Timeline(facts);
  const lineage = lineageOf(facts, findings);
  const writes = writesOf(facts);
  const acked = acknowledged(writes);
  checkOperations(facts, lineage, findings);
  checkClients(facts, lineage, timeline, findings);
  checkNodes(facts, lineage, findings);
  const losses = checkLosses(facts, writes, lineage, timeline, findings);
  checkFencing(writes, timeline, findings);
  checkCheapness(facts, timeline, findings);
  checkLiveness(facts, timeline, findings);
  checkBounds(facts, findings);
  checkOnce(facts, findings);
  checkJoins(facts, timeline, findings);
  const arrivals = checkArrivals(facts, lineage, findings);
  const faults: Record<string, number> = {};
  for (const { fault } of timeline.faults) faults[fault] = (faults[fault] ?? 0) + 1;
  return {
    findings,
    faults,
    acknowledged: acked.length,
    losses,
    states: lineage.size,
    events: facts.filter(({ kind }) => kind === "event").length,
    snapshots: snapshotsOf(facts),
    arrivals,
    shownAfter: shownAfter(facts, findings),
    lags: timeline.busy.length,
  };
}

function shownAfter(facts: readonly Entered[], { violations }: Findings): number | undefined {
  const start = facts.find(({ kind }) => kind === "started")?.t ?? 0;
  const first = Math.min(...violations.map(({ t = Infinity }) => t));
  return Number.isFinite(first) ? (first - start) / 1000 : undefined;
}
