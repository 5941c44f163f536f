import type { Entered } from "../log.ts";
import type { FaultName } from "../schedule.ts";

/** A fault as it was made. */
export interface Fault {
  readonly fault: FaultName;
  readonly targets: readonly string[];
  /** From its beginning until it was healed; milliseconds by the monotonic clock. */
  readonly from: number;
  readonly to: number;
}

/** A time in which a process did not run, or in which something else kept it from working. */
export interface Absence {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What was done to whom when. */
export class Timeline {
  readonly faults: readonly Fault[];
  /** When processes were stopped or dead. */
  readonly absences: readonly Absence[];
  /** When the machine was too busy to expect anything on time. */
  readonly busy: readonly { readonly from: number; readonly to: number }[];

  constructor(facts: readonly Entered[]) {
    const healedAt = new Map<number, number>();
    for (const fact of facts) if (fact.kind === "healed") healedAt.set(fact.n, fact.t);
    this.faults = facts.flatMap((fact) =>
      fact.kind === "fault"
        ? [{ fault: fact.fault, targets: fact.targets, from: fact.t, to: healedAt.get(fact.n) ?? Infinity }]
        : [],
    );
    this.busy = facts.flatMap((fact) => (fact.kind === "lag" ? [{ from: fact.t - fact.ms, to: fact.t }] : []));
    this.absences = absencesOf(facts);
  }

  /** Faults that stayed at any time of the range. */
  during(from: number, to: number): Fault[] {
    return this.faults.filter((fault) => fault.from <= to && fault.to >= from);
  }

  /** Whether a process was stopped or dead at any time of the range. */
  absent(name: string, from: number, to: number): boolean {
    return this.absences.some((absence) => absence.name === name && absence.from <= to && absence.to >= from);
  }

  /** Whether the machine was too busy at any time of the range. */
  late(from: number, to: number): boolean {
    return this.busy.some((busy) => busy.from <= to && busy.to >= from);
  }
}

function absencesOf(facts: readonly Entered[]): Absence[] {
  const absences: Absence[] = [];
  const goneSince = new Map<string, number>();
  for (const fact of facts) {
    if (fact.kind !== "process") continue;
    const since = goneSince.get(fact.name);
    if (fact.what === "started" || fact.what === "continued") {
      if (since !== undefined) absences.push({ name: fact.name, from: since, to: fact.t });
      goneSince.delete(fact.name);
    } else if (since === undefined) {
      goneSince.set(fact.name, fact.t);
    }
  }
  for (const [name, from] of goneSince) absences.push({ name, from, to: Infinity });
  return absences;
}
