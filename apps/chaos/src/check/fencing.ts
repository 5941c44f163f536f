import type { FaultName } from "../schedule.ts";
import type { Findings } from "./findings.ts";
import type { Fault, Timeline } from "./timeline.ts";
import type { Write } from "./writes.ts";

/** Faults that make Redis forget who holds the lease. */
const FORGETFUL: ReadonlySet<FaultName> = new Set<FaultName>([
  "redis-restart",
  "wipe",
  "failover",
  "failover-writer-kill",
  "split-brain",
  "evict-key",
]);

/** Milliseconds after such a fault in which it is not certain who holds it. */
const UNCERTAIN_MS = 1000;

/** A writer that lost the lease appends nothing until it has taken the lease again. */
export function checkFencing(writes: readonly Write[], timeline: Timeline, findings: Findings): void {
  const forgetful = timeline.faults.filter(({ fault }) => FORGETFUL.has(fault));
  const forgot = (from: number, to: number): Fault | undefined =>
    forgetful.find((fault) => fault.from <= to && fault.to + UNCERTAIN_MS >= from);
  /** Who holds it for certain, and since when. */
  let holder: { owner: string; since: number } | undefined;
  for (const { request, status, repliedAt } of writes) {
    if (status !== "ok") continue;
    const { kind, owner } = request;
    if (kind === "release") {
      if (holder?.owner === owner) holder = undefined;
    } else if (kind === "acquire" || kind === "install") {
      // One that it had already, and renews, is not taken from anybody: what was under way before may arrive after.
      if (holder?.owner !== owner) holder = { owner, since: repliedAt };
    } else {
      findings.checked("I6");
      if (holder === undefined || holder.owner === owner || request.t <= holder.since) continue;
      if (forgot(holder.since, repliedAt) !== undefined) {
        holder = undefined;
        continue;
      }
      const what = `${request.who} appended as ${owner} although ${holder.owner} held the lease since ${holder.since}`;
      findings.violation("I6", what, { t: request.t, entries: request.entries });
    }
  }
}
