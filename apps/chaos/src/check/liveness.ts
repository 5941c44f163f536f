import type { ClientFact } from "../facts.ts";
import type { Entered } from "../log.ts";
import { HEARTBEAT_MS } from "../settings.ts";
import type { Findings } from "./findings.ts";
import type { Fault, Timeline } from "./timeline.ts";

/** Milliseconds that a heartbeat may come late on a machine that has other things to do. */
const SLACK_MS = 1500;

/** Milliseconds until clients receive `stale`, and until they receive that it is over. */
const STALE_MS = 5000 + HEARTBEAT_MS;
const CLEARED_MS = 8000;

/** Faults that part a node from Redis. */
const CUTS: ReadonlySet<string> = new Set(["node-cut", "node-black-hole", "node-half-open"]);

type Event = Entered<Extract<ClientFact, { kind: "event" }>>;

/** One connection with what came over it. */
interface Heard {
  readonly client: string;
  readonly node: string;
  readonly events: Event[];
}

export function checkLiveness(facts: readonly Entered[], timeline: Timeline, findings: Findings): void {
  const heard = connectionsOf(facts);
  for (const connection of heard) checkSilence(connection, timeline, findings);
  for (const fault of timeline.faults) {
    if (CUTS.has(fault.fault)) checkStale(fault, heard, timeline, findings);
  }
}

function connectionsOf(facts: readonly Entered[]): Heard[] {
  const heard = new Map<string, Heard>();
  for (const fact of facts) {
    if (fact.kind !== "event" || fact.client.startsWith("slow")) continue;
    const key = `${fact.client} ${fact.connection}`;
    let connection = heard.get(key);
    if (connection === undefined) {
      heard.set(key, (connection = { client: fact.client, node: fact.node, events: [] }));
    }
    connection.events.push(fact);
  }
  return [...heard.values()];
}

/** On a connection that is open, something comes at least every two heartbeats. */
function checkSilence({ client, node, events }: Heard, timeline: Timeline, findings: Findings): void {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before === undefined) continue;
    findings.checked("I8");
    if (event.t - before.t <= 2 * HEARTBEAT_MS + SLACK_MS) continue;
    if (timeline.absent(node, before.t, event.t) || timeline.late(before.t, event.t)) continue;
    const silence = Math.round(event.t - before.t);
    findings.violation("I8", `${client} heard nothing from ${node} for ${silence} ms`, event);
  }
}

/** Clients of a node that is cut off receive `stale`, and later that it is over. */
function checkStale(fault: Fault, heard: readonly Heard[], timeline: Timeline, findings: Findings): void {
  const { from, to, targets } = fault;
  const others = timeline.during(from - CLEARED_MS, to + CLEARED_MS).filter((other) => other !== fault);
  for (const { client, node, events } of heard) {
    if (!targets.includes(node)) continue;
    const first = events[0]?.t ?? Infinity;
    const last = events.at(-1)?.t ?? -Infinity;
    const notified = events.some(({ t, stale }) => stale === true && t >= from && t <= from + STALE_MS);
    if (first <= from && last >= from + STALE_MS && to >= from + STALE_MS && !timeline.late(from, from + STALE_MS)) {
      findings.checked("I8");
      if (!notified) findings.violation("I8", `${client} did not receive stale although ${node} is cut off`, fault);
    }
    // Another fault may make it stale for a reason of its own.
    if (first <= to && last >= to + CLEARED_MS && others.length === 0) {
      const after = events.findLast(({ t, type }) => t <= to + CLEARED_MS && type === "heartbeat");
      findings.checked("I8");
      if (after?.stale === true)
        findings.violation("I8", `${client} still receives stale although ${node} is no longer cut off`, after);
    }
  }
}
