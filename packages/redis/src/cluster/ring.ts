import { bytesOf, type CommitBudget, type KeptCommit } from "./commit-budget.ts";
import type { Commit, Position } from "./engine.ts";
import { Fifo } from "./fifo.ts";

/** The most bytes that the writer of one stream can publish again after the engine has lost them. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The newest commits that the engine has, to be published again if it loses them: of the last 30 s, within a budget of the node. */
export class Ring {
  readonly #budget: CommitBudget;
  readonly #kept = new Fifo<KeptCommit>();
  #bytes = 0;

  constructor(budget: CommitBudget) {
    this.#budget = budget;
  }

  /** The commits that start at this seq or later. */
  from(seq: number): Commit[] {
    return this.#kept
      .toArray()
      .map(({ commit }) => commit)
      .filter(({ first }) => first >= seq);
  }

  add(commits: readonly Commit[], now: number): void {
    for (const commit of commits) {
      this.#bytes += bytesOf([commit]);
      this.#kept.push(this.#budget.keep(commit, now, () => this.#drop()));
    }
    while (this.#bytes > MAX_BYTES && this.#kept.length > 1) this.#drop();
    this.#budget.expire(now);
  }

  clear(): void {
    this.#release(this.#kept.toArray());
    this.#kept.clear();
  }

  /** Removes and returns the commits that follow a position; `undefined` where none of them builds on it. */
  takeAfter({ epoch, seq }: Position): Commit[] | undefined {
    const index = this.#kept.toArray().findIndex(({ commit }) => commit.first === seq + 1 && commit.previous === epoch);
    if (index < 0) return undefined;
    const taken = this.#kept.cut(index);
    this.#release(taken);
    return taken.map(({ commit }) => commit);
  }

  #drop(): void {
    const oldest = this.#kept.shift();
    if (oldest !== undefined) this.#release([oldest]);
  }

  #release(kept: readonly KeptCommit[]): void {
    for (const one of kept) {
      this.#bytes -= bytesOf([one.commit]);
      this.#budget.release(one);
    }
  }
}
