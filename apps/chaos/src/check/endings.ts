import type { Entered } from "../log.ts";
import { CONVERGENCE_MS } from "../settings.ts";
import type { Findings } from "./findings.ts";
import { keyOf, keyOfId, type Lineage } from "./lineage.ts";
import { median } from "./median.ts";

export interface Arrivals {
  readonly clients: string;
  readonly nodes: string;
  /** Until the last one was there. */
  readonly afterMs: number;
}

/** Once the nemesis has stopped and nobody writes, every node and client comes to what Redis has, by itself. */
export function checkArrivals(facts: readonly Entered[], lineage: Lineage, findings: Findings): Arrivals {
  const engine = facts.findLast((fact) => fact.kind === "engine");
  if (engine?.kind !== "engine") {
    findings.violation("I4", "nobody looked what Redis had in the end", "");
    return { clients: "0/0", nodes: "0/0", afterMs: Number.NaN };
  }
  const head = keyOf(engine.head);
  const counts = { client: { there: 0, all: 0 }, node: { there: 0, all: 0 } };
  let afterMs = 0;
  for (const fact of facts) {
    if (fact.kind !== "final") continue;
    const count = counts[fact.what];
    count.all++;
    findings.checked("I4");
    const at = fact.eventId === undefined || fact.eventId === "" ? undefined : keyOfId(fact.eventId);
    if (at === head && fact.hash === lineage.hash(head) && fact.afterMs !== undefined) {
      count.there++;
      afterMs = Math.max(afterMs, fact.afterMs);
    } else {
      findings.violation("I4", `${fact.name} is at ${at} after ${CONVERGENCE_MS} ms, Redis at ${head}`, fact);
    }
  }
  const text = ({ there, all }: { there: number; all: number }): string => `${there}/${all}`;
  return { clients: text(counts.client), nodes: text(counts.node), afterMs };
}

/** Milliseconds in which a node warms up. */
const WARM_UP_MS = 15_000;

/** Bytes, and share, by which a node may grow: noise of the garbage collector. */
const GROWTH_BYTES = 48 * 1024 * 1024;
const GROWTH = 1.3;

/** Nodes do not grow, and listen to no more than they serve. */
export function checkBounds(facts: readonly Entered[], findings: Findings): void {
  const byProcess = new Map<string, { t: number; rss: number }[]>();
  const started = new Map<string, number>();
  for (const fact of facts) {
    if (fact.kind === "process" && fact.what === "started") started.set(fact.name, fact.t);
    if (fact.kind !== "sample") continue;
    const since = started.get(fact.node) ?? 0;
    if (fact.t - since < WARM_UP_MS) continue;
    const key = `${fact.node} since ${since}`;
    const samples = byProcess.get(key) ?? [];
    samples.push({ t: fact.t, rss: fact.rss });
    byProcess.set(key, samples);
  }
  for (const [name, samples] of byProcess) {
    const quarter = Math.floor(samples.length / 4);
    if (quarter < 3) continue;
    findings.checked("I9");
    const first = median(samples.slice(0, quarter).map(({ rss }) => rss));
    const last = median(samples.slice(-quarter).map(({ rss }) => rss));
    if (last <= first * GROWTH + GROWTH_BYTES) continue;
    findings.violation("I9", `${name} grew from ${first} to ${last} bytes`, samples);
  }
  for (const fact of facts) {
    if (fact.kind !== "engine") continue;
    findings.checked("I9");
    // Three nodes, and two writers that follow while they stand by.
    const tooMany = Object.entries(fact.channels).filter(([, subscribers]) => subscribers > 5);
    if (Object.keys(fact.channels).length === 1 && tooMany.length === 0) continue;
    findings.violation("I9", "there are more subscriptions than streams with clients", fact.channels);
  }
}
