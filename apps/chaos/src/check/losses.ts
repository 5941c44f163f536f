import type { Position } from "../facts.ts";
import type { Entered } from "../log.ts";
import type { Findings } from "./findings.ts";
import { keyOf, type Key, type Lineage } from "./lineage.ts";
import type { Timeline } from "./timeline.ts";
import type { Acknowledged } from "./writes.ts";

export interface Losses {
  /** Acknowledged by Redis, and not there any more after a failover. */
  readonly lostByRedis: number;
  /** Of these, there again in the end. */
  readonly repaired: number;
  /** Acknowledged, and not in the stream in the end. */
  readonly gone: number;
  /** Failovers that lost nothing that was acknowledged, and so have shown nothing. */
  readonly idleFailovers: number;
}

/** Milliseconds within which a writer that lives learns that Redis has lost something. */
const NOTICED_MS = 5000;

/** What Redis lost, what of it the writers brought back, and whether anything is missing that nobody was told of. */
export function checkLosses(
  facts: readonly Entered[],
  acked: readonly Acknowledged[],
  lineage: Lineage,
  timeline: Timeline,
  findings: Findings,
): Losses {
  const final = facts.findLast((fact) => fact.kind === "engine");
  const head: Position | undefined = final?.kind === "engine" ? final.head : undefined;
  const lasting = new Set<Key>(head === undefined ? [] : lineage.upFrom(keyOf(head)));
  const rollbacks = facts.flatMap((fact) => (fact.kind === "rolled-back" ? [fact] : []));

  /** When. */
  const lost = new Map<Key, number>();
  let idleFailovers = 0;
  for (const rollback of rollbacks) {
    // A wipe is no loss while whoever wrote it still has it.
    if (rollback.head === undefined) continue;
    const left = new Set<Key>(lineage.upFrom(keyOf(rollback.head)));
    const before = lost.size;
    for (const { key, at } of acked) {
      if (at <= rollback.t && !left.has(key) && !lost.has(key)) lost.set(key, rollback.t);
    }
    if (lost.size === before && rollback.how === "failover") idleFailovers++;
  }

  const failovers = rollbacks.filter(({ how }) => how === "failover").length;
  findings.checked("I5");
  if (failovers > 0 && idleFailovers === failovers) {
    findings.violation("I5", "no failover lost anything that was acknowledged: this run has proved nothing", rollbacks);
  }

  let gone = 0;
  let repaired = 0;
  for (const { key, who, at, entry } of acked) {
    findings.checked("I5");
    if (lasting.has(key)) {
      if (lost.has(key)) repaired++;
      continue;
    }
    gone++;
    const rolledBack = rollbacks.some(({ t }) => t >= at);
    const until = (lost.get(key) ?? rollbacks.at(-1)?.t ?? at) + NOTICED_MS;
    const died = timeline.absences.some(({ name, from }) => name === who && from >= at - 1000 && from <= until);
    const told = facts.some((fact) => fact.kind === "lost" && fact.vanished && fact.who === who && fact.t >= at);
    if (rolledBack && (died || told || wroteOn(facts, acked, lasting, who, at))) continue;
    const why = rolledBack ? "its writer lived and was not told" : "Redis never lost anything after it";
    findings.violation("I5", `the acknowledged entry ${key} of ${who} is gone, and ${why}`, { t: at, entry });
  }
  return { lostByRedis: lost.size, repaired, gone, idleFailovers };
}

/** Whether the writer went on leading, and told what was lost as a difference from what Redis had. */
function wroteOn(
  facts: readonly Entered[],
  acked: readonly Acknowledged[],
  lasting: ReadonlySet<Key>,
  who: string,
  at: number,
): boolean {
  const end =
    facts.find((fact) => fact.kind === "leads" && fact.who === who && !fact.leads && fact.t >= at)?.t ?? Infinity;
  return acked.some((later) => later.who === who && later.at > at && later.at <= end && lasting.has(later.key));
}
