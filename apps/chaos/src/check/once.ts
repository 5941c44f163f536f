import type { OnceKind, OnceState } from "../once-load.ts";
import { LISTED } from "../once-load.ts";
import type { Entered } from "../log.ts";
import type { Findings } from "./findings.ts";
import type { Timeline } from "./timeline.ts";

/** Milliseconds by which the rig may write down late that Redis has lost something. */
const LOGGED_MS = 1000;

/** Milliseconds between when the survivors of a split brain are written down, and when that is over. */
const SURVIVED_MS = 3000;

/** Milliseconds that an operation may have been under way before it was acknowledged. */
const UNDER_WAY_MS = 10_000;

/** How long a node may take until it has many streams at once, in milliseconds. */
export const JOIN_MS = 10_000;

/** Every operation took effect once; one that was acknowledged is missing only where Redis lost something after it. */
export function checkOnce(facts: readonly Entered[], findings: Findings): void {
  const losses = facts.filter((fact) => fact.kind === "rolled-back");
  const rollbacks = losses.map(({ t }) => t);
  /** Whether the operation was in the primary that survived. */
  const survives = (at: number, what: OnceKind, by: string, n: number): boolean =>
    facts.some(
      (fact) =>
        fact.kind === "operations" &&
        fact.survives === true &&
        fact.t <= at &&
        fact.t >= at - SURVIVED_MS &&
        fact.states[what]?.[by]?.includes(n) === true,
    );
  const done = facts.filter((fact) => fact.kind === "operation-done");
  for (const fact of facts) {
    if (fact.kind !== "operations") continue;
    for (const [what, state] of Object.entries(fact.states) as [OnceKind, OnceState][]) {
      for (const [by, list] of Object.entries(state)) {
        findings.checked("I10");
        const twice = list.filter((n, index) => list.indexOf(n) !== index);
        // Redis may have lost the ids with everything else, or answers that were stored with changes.
        const wrong = twice.filter((n) => {
          const at = done.find((one) => one.what === what && one.by === by && one.n === n)?.t ?? fact.t;
          const from = at - UNDER_WAY_MS;
          return !losses.some(
            ({ t, head }) => t >= from && t <= at + LOGGED_MS && (head === undefined || what === "send"),
          );
        });
        if (wrong.length === 0) continue;
        const message = `${what} ${wrong.join(", ")} of ${by} took effect twice, on ${fact.node}`;
        findings.violation("I10", message, { t: fact.t, list });
      }
      if (!fact.final) continue;
      const oldest = Math.min(...Object.values(state).map((list) => list[0] ?? Infinity));
      for (const { what: kind, by, n, t } of done) {
        if (kind !== what) continue;
        const list = state[by] ?? [];
        // Earlier ones are listed no more.
        if (n < (what === "create" ? oldest : list.length === LISTED ? (list[0] ?? 0) : 0)) continue;
        findings.checked("I10");
        if (list.includes(n) || rollbacks.some((at) => at >= t - LOGGED_MS && !survives(at, what, by, n))) continue;
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
