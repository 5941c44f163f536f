import type { ClientFact } from "../facts.ts";
import type { Entered } from "../log.ts";
import type { Findings } from "./findings.ts";
import { isOpenId, keyOfId, type Key, type Lineage, seqOf } from "./lineage.ts";
import type { Timeline } from "./timeline.ts";

/** Milliseconds after Redis lost something within which clients may still be led back. */
const AFTERMATH_MS = 20_000;

/** Reasons of a snapshot that say that what the client had does not count any more. */
const LEADING_BACK: ReadonlySet<string | undefined> = new Set(["epoch", "repaired"]);

type Event = Entered<Extract<ClientFact, { kind: "event" }>>;

/** Follows every client through all of its connections: each state it had, and each step it took. */
export function checkClients(
  facts: readonly Entered[],
  lineage: Lineage,
  timeline: Timeline,
  findings: Findings,
): void {
  const rollbacks = facts.flatMap((fact) => (fact.kind === "rolled-back" ? [fact.t] : []));
  const final = facts.findLast((fact) => fact.kind === "engine");
  const lasting = new Set(final?.kind === "engine" ? lineage.upFrom(`${final.head.epoch}.${final.head.seq}`) : []);
  const clients = new Map<string, Copy>();
  for (const fact of facts) {
    if (fact.kind !== "open" && fact.kind !== "event" && fact.kind !== "ended" && fact.kind !== "gave-up") continue;
    let copy = clients.get(fact.client);
    if (copy === undefined)
      clients.set(fact.client, (copy = new Copy(lineage, lasting, rollbacks, timeline, findings)));
    copy.take(fact);
  }
}

/** What the checker knows of one client. */
class Copy {
  #at: Key | undefined;
  /** It is in the middle of a commit with net events, where it holds no state of the log. */
  #inNetEvents = false;
  readonly #lineage: Lineage;
  readonly #lasting: ReadonlySet<Key>;
  readonly #rollbacks: readonly number[];
  readonly #timeline: Timeline;
  readonly #findings: Findings;

  constructor(
    lineage: Lineage,
    lasting: ReadonlySet<Key>,
    rollbacks: readonly number[],
    timeline: Timeline,
    findings: Findings,
  ) {
    this.#lineage = lineage;
    this.#lasting = lasting;
    this.#rollbacks = rollbacks;
    this.#timeline = timeline;
    this.#findings = findings;
  }

  take(fact: Entered<ClientFact>): void {
    if (fact.kind === "open") this.#inNetEvents = false;
    if (fact.kind === "open" && fact.from === undefined) this.#at = undefined;
    if (fact.kind === "ended" && fact.misfit)
      this.#violation("I2", `${fact.client} could not go on: ${fact.why}`, fact);
    if (fact.kind === "gave-up") this.#violation("I4", `${fact.client} gave up: ${fact.why}`, fact);
    if (fact.kind !== "event" || fact.id === undefined || fact.type === "state.end") return;
    const key = keyOfId(fact.id);
    if (isOpenId(fact.id)) return this.#netEvent(fact, key);
    this.#state(fact, key);
    this.#findings.checked("I3");
    if (fact.type === "state.update") this.#update(fact, key);
    if (fact.type === "state.initial") this.#snapshot(fact, key);
    if (fact.type === "heartbeat" && key !== this.#at) {
      this.#violation(
        "I3",
        `a heartbeat to ${fact.client} has the position ${key}; the client is at ${this.#at}`,
        fact,
      );
    }
    this.#at = key;
    this.#inNetEvents = false;
  }

  /** An open ID names no state: what the client has is compared at the end of the commit. */
  #netEvent(fact: Event, key: Key): void {
    this.#findings.checked("I3");
    if (fact.type !== "state.update") this.#violation("I3", `${fact.client} got ${fact.type} with an open ID`, fact);
    if (this.#lineage.hash(key) === undefined)
      this.#violation("I1", `${fact.client} received ${key}, which nobody made`, fact);
    this.#inNetEvents = true;
  }

  #state(fact: Event, key: Key): void {
    const hash = this.#lineage.hash(key);
    this.#findings.checked("I1");
    if (hash === undefined) this.#violation("I1", `${fact.client} received ${key}, which no writer made`, fact);
    else if (hash !== fact.hash)
      this.#violation("I2", `${fact.client} has another state at ${key} than the writer`, fact);
  }

  #update(fact: Event, key: Key): void {
    const base = this.#lineage.parent(key);
    if (base === this.#at || (this.#inNetEvents && this.#isAhead(key))) return;
    const what = `${fact.client} is at ${this.#at} and received ${key}, which builds on ${base}`;
    this.#violation("I3", what, fact);
  }

  /** Whether this position builds on the client's, however many events lie between. */
  #isAhead(key: Key): boolean {
    for (const at of this.#lineage.upFrom(key)) {
      if (at === this.#at) return true;
      if (this.#at !== undefined && seqOf(at) < seqOf(this.#at)) return false;
    }
    return false;
  }

  /** A snapshot may lead back only to what is left, after something was lost. */
  #snapshot(fact: Event, key: Key): void {
    const at = this.#at;
    if (at === undefined || at === key || seqOf(key) > seqOf(at)) return;
    const lost = this.#rollbacks.some((t) => t <= fact.t && t >= fact.t - AFTERMATH_MS);
    const split = this.#timeline
      .during(fact.t - AFTERMATH_MS, fact.t)
      .some(({ fault }) => fault === "split-brain" || fault.startsWith("failover"));
    if (LEADING_BACK.has(fact.reason) && (lost || split || !this.#lasting.has(at))) return;
    this.#violation("I3", `${fact.client} was led back from ${at} to ${key} (${fact.reason})`, fact);
  }

  #violation(invariant: "I1" | "I2" | "I3" | "I4", what: string, fact: Entered): void {
    this.#findings.violation(invariant, what, fact);
  }
}

/** What nodes said of themselves. */
export function checkNodes(facts: readonly Entered[], lineage: Lineage, findings: Findings): void {
  for (const fact of facts) {
    if (fact.kind !== "sample" || fact.eventId === undefined || fact.eventId === "") continue;
    const key = keyOfId(fact.eventId);
    const hash = lineage.hash(key);
    findings.checked("I1");
    if (hash === undefined) findings.violation("I1", `${fact.node} is at ${key}, which nobody made`, fact);
    else if (hash !== fact.hash)
      findings.violation("I2", `${fact.node} has another state at ${key} than the writer`, fact);
  }
}
