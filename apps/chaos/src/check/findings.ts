/** What must hold; README.md explains each. */
export const INVARIANTS = {
  I1: "one position, one state",
  I2: "every state is the writer's",
  I3: "nobody goes back",
  I4: "everybody arrives",
  I5: "no silent loss",
  I6: "one writer at a time",
  I7: "no snapshot that is not needed",
  I8: "signs of life",
  I9: "bounded",
  I10: "every operation once",
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  readonly evidence: string;
  /** By the monotonic clock, where it shows; `undefined` for what shows in the end. */
  readonly t: number | undefined;
}

/** How many violations of an invariant are kept with their evidence; the rest are counted. */
const MAX_KEPT = 20;

/** What the checker has looked at, and what it has found wrong. */
export class Findings {
  readonly violations: Violation[] = [];
  readonly counts: Map<Invariant, { checks: number; violations: number }> = new Map();

  checked(invariant: Invariant, times = 1): void {
    this.#countOf(invariant).checks += times;
  }

  violation(invariant: Invariant, what: string, evidence: unknown): void {
    const count = this.#countOf(invariant);
    count.violations++;
    if (count.violations > MAX_KEPT) return;
    const text = typeof evidence === "string" ? evidence : JSON.stringify(evidence);
    const { t } = Object(evidence) as { t?: number };
    this.violations.push({ invariant, what, evidence: text, t });
  }

  get total(): { checks: number; violations: number } {
    const counts = [...this.counts.values()];
    return {
      checks: counts.reduce((sum, { checks }) => sum + checks, 0),
      violations: counts.reduce((sum, { violations }) => sum + violations, 0),
    };
  }

  #countOf(invariant: Invariant): { checks: number; violations: number } {
    let count = this.counts.get(invariant);
    if (count === undefined) this.counts.set(invariant, (count = { checks: 0, violations: 0 }));
    return count;
  }
}
