import type { Entered } from "../log.ts";
import { CHEAP_CALM_MS, isCheap } from "../schedule.ts";
import type { Findings } from "./findings.ts";
import type { Fault, Timeline } from "./timeline.ts";

/** Milliseconds after such a fault in which nobody may need a snapshot. */
const WINDOW_MS = CHEAP_CALM_MS;

/** How many snapshots were sent, by reason. */
export function snapshotsOf(facts: readonly Entered[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fact of facts) {
    if (fact.kind !== "event" || fact.type !== "state.initial") continue;
    const reason = fact.reason ?? "none";
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/** Faults that lose nothing, such as a planned handover or a wipe that a writer survives, must cost no client a snapshot. */
export function checkCheapness(facts: readonly Entered[], timeline: Timeline, findings: Findings): number {
  let windows = 0;
  for (const fault of timeline.faults) {
    if (!isCheap(fault.fault) || !isAlone(fault, timeline)) continue;
    windows++;
    findings.checked("I7");
    for (const fact of facts) {
      if (fact.t < fault.from || fact.t > fault.to + WINDOW_MS) continue;
      if (fact.kind !== "event" || fact.type !== "state.initial" || fact.reason === "connect") continue;
      // What a client that reads a kilobyte a second is given is another matter.
      if (fact.client.startsWith("slow")) continue;
      findings.violation("I7", `${fact.client} was sent a snapshot (${fact.reason}) after ${fault.fault}`, fact);
    }
  }
  return windows;
}

/** Whether nothing dearer was going on. */
function isAlone(fault: Fault, timeline: Timeline): boolean {
  const near = timeline.during(fault.from - CHEAP_CALM_MS, fault.to + WINDOW_MS);
  return (
    near.every((other) => other === fault || isCheap(other.fault)) && !timeline.late(fault.from, fault.to + WINDOW_MS)
  );
}
