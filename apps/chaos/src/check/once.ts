import type { OnceKind, OnceState } from "../once-load.ts";
import { LISTED } from "../once-load.ts";
import type { Entered } from "../log.ts";
import type { Findings } from "./findings.ts";
import type { Timeline } from "./timeline.ts";

/** Milliseconds by which the rig may write down late that Redis has lost something. */
const LOGGED_MS = 1000;

/** How long a node may take until it has many streams at once, in milliseconds. */
export const JOIN_MS = 10_000;

/** Every operation took effect once; one that was acknowledged is missing only where Redis lost something after it. */
export function checkOnce(facts: readonly Entered[], findings: Findings): void {
  const rollbacks = facts.flatMap((fact) => (fact.kind === "rolled-back" ? [fact.t] : []));
  const done = facts.filter((fact) => fact.kind === "operation-done");
  for (const fact of facts) {
    if (fact.kind !== "operations") continue;
    for (const [what, state] of Object.entries(fact.states) as [OnceKind, OnceState][]) {
      checkDoubled(fact, what, state, findings);
      if (!fact.final) continue;
      const oldest = Math.min(...Object.values(state).map((list) => list[0] ?? Infinity));
      for (const { what: kind, by, n, t } of done) {
        if (kind !== what) continue;
        const list = state[by] ?? [];
        // Earlier ones are listed no more.
        if (n < (what === "create" ? oldest : list.length === LISTED ? (list[0] ?? 0) : 0)) continue;
        findings.checked("I10");
        if (list.includes(n) || rollbacks.some((at) => at >= t - LOGGED_MS)) continue;
        findings.violation("I10", `${what} ${n} of ${by} was acknowledged, and ${fact.node} does not have it`, { t });
      }
    }
  }
}

/** A node that clients of many streams come to at once has all of them within ten seconds, while nothing else is wrong. */
export function checkJoins(facts: readonly Entered[], timeline: Timeline, findings: Findings): void {
  for (const fact of facts) {
    if (fact.kind !== "joined") continue;
    const others = timeline.during(fact.t - JOIN_MS, fact.t).filter(({ fault }) => fault !== "join-storm");
    if (others.length > 0 || timeline.late(fact.t - JOIN_MS, fact.t)) continue;
    findings.checked("I4");
    if (fact.joined === fact.all) continue;
    findings.violation("I4", `${fact.node} has ${fact.joined} of ${fact.all} streams after ${JOIN_MS} ms`, fact);
  }
}

function checkDoubled(
  { t, node }: { t: number; node: string },
  what: OnceKind,
  state: OnceState,
  findings: Findings,
): void {
  for (const [by, list] of Object.entries(state)) {
    findings.checked("I10");
    if (new Set(list).size === list.length) continue;
    const twice = list.filter((n, index) => list.indexOf(n) !== index);
    findings.violation("I10", `${what} ${twice.join(", ")} of ${by} took effect twice, on ${node}`, { t, list });
  }
}
