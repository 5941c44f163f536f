import { INVARIANTS, type Invariant } from "./check/findings.ts";
import type { Verdict } from "./check/check.ts";

/** One run as a row: what was done, what it cost, and what was wrong. */
export interface Row {
  readonly seed: number;
  readonly seconds: number;
  readonly faults: number;
  readonly "acked writes": number;
  readonly "lost by Redis": number;
  readonly repaired: number;
  readonly "gone for good": number;
  readonly events: number;
  readonly checks: number;
  readonly violations: number;
  readonly "clients converged": string;
  readonly "nodes converged": string;
  readonly "within ms": number;
}

export function rowOf(verdict: Verdict, seed: number, seconds: number): Row {
  const { findings, faults, acknowledged, losses, events, arrivals } = verdict;
  const { checks, violations } = findings.total;
  return {
    seed,
    seconds,
    faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
    "acked writes": acknowledged,
    "lost by Redis": losses.lostByRedis,
    repaired: losses.repaired,
    "gone for good": losses.gone,
    events,
    checks,
    violations,
    "clients converged": arrivals.clients,
    "nodes converged": arrivals.nodes,
    "within ms": Math.round(arrivals.afterMs),
  };
}

/** Everything about a run that a reader may want, as lines of text. */
export function linesOf(verdict: Verdict): string[] {
  const { findings, faults, snapshots, losses, lags } = verdict;
  const lines = [
    `faults: ${listOf(faults)}`,
    `snapshots sent: ${listOf(snapshots)}`,
    ...(losses.idleFailovers > 0 ? [`failovers that lost nothing: ${losses.idleFailovers}`] : []),
    ...(lags > 0 ? [`the machine was too busy to be on time, times: ${lags}`] : []),
  ];
  for (const [invariant, name] of Object.entries(INVARIANTS) as [Invariant, string][]) {
    const { checks = 0, violations = 0 } = findings.counts.get(invariant) ?? {};
    lines.push(`${invariant} ${name}: ${checks} checks, ${violations} violations`);
  }
  for (const { invariant, what, evidence } of findings.violations) {
    lines.push(`VIOLATION ${invariant}: ${what}`, `  ${evidence.slice(0, 600)}`);
  }
  return lines;
}

export function markdownOf(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {}) as (keyof Row)[];
  const line = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |`;
  return [line(names), line(names.map(() => "---")), ...rows.map((row) => line(names.map((name) => row[name])))].join(
    "\n",
  );
}

function listOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
