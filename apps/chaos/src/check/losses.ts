import type { Position } from "../facts.ts";
import type { Entered } from "../log.ts";
import type { Findings } from "./findings.ts";
import { keyOf, type Key, type Lineage } from "./lineage.ts";
import type { Timeline } from "./timeline.ts";
import { type Acknowledged, acknowledged, type Write } from "./writes.ts";

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

/** Milliseconds within which the rig writes down that it has wiped Redis: a writer may be faster. */
const LOGGED_MS = 50;

/** What Redis lost, what of it the writers restored, and whether anything is missing that was reported to nobody. */
export function checkLosses(
  facts: readonly Entered[],
  writes: readonly Write[],
  lineage: Lineage,
  timeline: Timeline,
  findings: Findings,
): Losses {
  const acked = acknowledged(writes);
  const final = facts.findLast((fact) => fact.kind === "engine");
  const head: Position | undefined = final?.kind === "engine" ? final.head : undefined;
  const lasting = new Set<Key>(head === undefined ? [] : lineage.upFrom(keyOf(head)));
  const rollbacks = facts.flatMap((fact) => (fact.kind === "rolled-back" ? [fact] : []));

  /** When each entry was lost. */
  const lost = new Map<Key, number>();
  let idleFailovers = 0;
  for (const rollback of rollbacks) {
    // A wipe is no loss while the writer still has what was wiped.
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

  const terms = termsOf(facts, timeline);
  const wipes = rollbacks.filter((rollback) => rollback.head === undefined).map(({ t }) => t);
  const accepted = wipes.filter((wipe) => isStartedAnew(wipe, facts, writes, timeline, terms));
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
    const reported = facts.some(
      (fact) =>
        fact.kind === "lost" &&
        fact.vanished &&
        fact.t >= at &&
        (fact.who === who || tookOver(terms, fact.who, at, fact.t, wipes)),
    );
    if (accepted.some((wipe) => wipe >= at)) continue;
    if (rolledBack && (died || reported || wroteOn(facts, acked, lasting, who, at))) continue;
    const why = rolledBack ? "nothing was reported to its writer, which lived" : "Redis never lost anything after it";
    findings.violation("I5", `the acknowledged entry ${key} of ${who} is gone, and ${why}`, { t: at, entry });
  }
  return { lostByRedis: lost.size, repaired, gone, idleFailovers };
}

/** A time in which a writer led, according to its `onLeadership`. */
interface Term {
  readonly who: string;
  readonly from: number;
  readonly to: number;
  /** Its process was killed, so it could do nothing more about what Redis had lost. */
  readonly died: boolean;
}

function termsOf(facts: readonly Entered[], timeline: Timeline): Term[] {
  return facts.flatMap((fact) => {
    if (fact.kind !== "leads" || !fact.leads) return [];
    const { who, t: from } = fact;
    const left = facts.find((other) => other.kind === "leads" && !other.leads && other.who === who && other.t >= from);
    // A process that was killed cannot say that it leads no more.
    const absence = timeline.absences.find(({ name, from: gone }) => name === who && gone >= from);
    const [leftAt, goneAt] = [left?.t ?? Infinity, absence?.from ?? Infinity];
    return [{ who, from, to: Math.min(leftAt, goneAt), died: goneAt < leftAt }];
  });
}

/**
 * Whether nobody led when Redis came back empty, and a process that may have had no copy yet started the stream anew:
 * docs/operations.md says that the state is lost then, and nobody is left to report it to.
 */
function isStartedAnew(
  wipe: number,
  facts: readonly Entered[],
  writes: readonly Write[],
  timeline: Timeline,
  terms: readonly Term[],
): boolean {
  // On a busy machine, a writer may find Redis again long before the rig does and writes that down.
  const restart = timeline.during(wipe, wipe).find(({ fault }) => fault === "redis-restart");
  const from = restart?.from ?? wipe - LOGGED_MS;
  const install = writes.find(
    ({ request, status, repliedAt }) => request.kind === "install" && status === "ok" && repliedAt >= from,
  );
  if (install?.request.kind !== "install" || install.request.checkpoint.position.seq !== 0) return false;
  const { who, t: at } = install.request;
  if (terms.some((term) => term.from <= at && term.to > Math.min(wipe, at) && !(term.died && term.to <= at)))
    return false;
  const started = facts.findLast(
    (fact) => fact.kind === "process" && fact.what === "started" && fact.name === who && fact.t <= at,
  );
  return started !== undefined && started.t >= from - NOTICED_MS;
}

/**
 * Whether this writer, whose `onLost` reported at `until` that something vanished, began to lead after `at` and led when Redis lost
 * everything. Its state had all that was acknowledged before, by any writer.
 */
function tookOver(terms: readonly Term[], who: string, at: number, until: number, wipes: readonly number[]): boolean {
  return terms.some(
    (term) =>
      term.who === who &&
      term.from >= at &&
      term.from <= until &&
      wipes.some((wipe) => wipe >= term.from && wipe <= until),
  );
}

/** Whether the writer continued to lead, and published what was lost as a difference from what Redis had. */
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
