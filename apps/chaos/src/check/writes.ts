import type { Entry, Request } from "../facts.ts";
import type { Entered } from "../log.ts";
import type { Findings } from "./findings.ts";
import { keyOf, type Key, Lineage } from "./lineage.ts";

/** A request of a writer with what became of it. */
export interface Write {
  readonly request: Entered<Request>;
  /** `undefined` where nobody knows. */
  readonly status: string | undefined;
  readonly repliedAt: number;
}

/** An entry that Redis said it has. */
export interface Acknowledged {
  readonly entry: Entry;
  readonly key: Key;
  readonly who: string;
  /** When a writer first received that reply. */
  readonly at: number;
}

/** All requests of the writers, in the order in which they were answered. */
export function writesOf(facts: readonly Entered[]): Write[] {
  const open = new Map<string, Entered<Request>>();
  const writes: Write[] = [];
  for (const fact of facts) {
    // A process that comes after another one numbers its calls anew.
    if (fact.kind === "publish" || fact.kind === "install" || fact.kind === "acquire" || fact.kind === "release") {
      open.set(`${fact.who} ${fact.call}`, fact);
    } else if (fact.kind === "reply") {
      const request = open.get(`${fact.who} ${fact.call}`);
      if (request !== undefined) writes.push({ request, status: fact.status, repliedAt: fact.t });
      open.delete(`${fact.who} ${fact.call}`);
    }
  }
  return writes;
}

export function acknowledged(writes: readonly Write[]): Acknowledged[] {
  const byKey = new Map<Key, Acknowledged>();
  for (const { request, status, repliedAt } of writes) {
    if (request.kind !== "publish" || status !== "ok") continue;
    for (const entry of request.entries) {
      const key = keyOf({ epoch: entry.epoch, seq: entry.last });
      if (!byKey.has(key)) byKey.set(key, { entry, key, who: request.who, at: repliedAt });
    }
  }
  return [...byKey.values()];
}

/** Replays all that writers ever asked Redis to keep, and what Redis held at the end. */
export function lineageOf(facts: readonly Entered[], findings: Findings): Lineage {
  const lineage = new Lineage(findings);
  for (const fact of facts) {
    if (fact.kind === "install") {
      lineage.addCheckpoint(fact.checkpoint, `installed by ${fact.who} at ${fact.t}`);
      for (const entry of fact.entries) lineage.add(entry);
    } else if (fact.kind === "publish") {
      for (const entry of fact.entries) lineage.add(entry);
      if (fact.checkpoint !== undefined) lineage.addCheckpoint(fact.checkpoint, `by ${fact.who} at ${fact.t}`);
    } else if (fact.kind === "engine") {
      if (fact.checkpoint !== undefined) lineage.addCheckpoint(fact.checkpoint, "in Redis at the end");
      for (const entry of fact.entries) lineage.add(entry);
    }
  }
  for (const entry of lineage.unplaced) {
    const key = keyOf({ epoch: entry.epoch, seq: entry.last });
    // Before the first checkpoint of all there may be entries whose base is not known any more.
    if (lineage.hash(key) === undefined) findings.violation("I2", `the entry ${key} builds on what nobody made`, entry);
  }
  return lineage;
}

/** Whether what a writer published is what its application had done. */
export function checkOperations(facts: readonly Entered[], lineage: Lineage, findings: Findings): void {
  const meant = new Map<string, string>();
  for (const fact of facts) if (fact.kind === "operation") meant.set(`${fact.by} ${fact.n}`, fact.hash);
  const seen = new Set<Key>();
  for (const fact of facts) {
    if (fact.kind !== "publish") continue;
    for (const entry of fact.entries) {
      const key = keyOf({ epoch: entry.epoch, seq: entry.last });
      if (seen.has(key)) continue;
      seen.add(key);
      const op = lineage.state(key)?.["op"] as { by: string; n: number } | undefined;
      const hash = op === undefined ? undefined : meant.get(`${op.by} ${op.n}`);
      if (hash === undefined) continue;
      findings.checked("I2");
      if (hash === lineage.hash(key)) continue;
      findings.violation("I2", `the state at ${key} is not what ${op?.by} had after operation ${op?.n}`, entry);
    }
  }
}
