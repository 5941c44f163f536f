import type { Commit } from "./engine.ts";
import { Fifo } from "./fifo.ts";

/** How long the engine may take to lose a commit again, as in a failover: it can be published again for so long, in milliseconds. */
const KEEP_MS = 30_000;

/** What a commit takes beside its body. */
const COMMIT_BYTES = 250;

/** A commit that the engine has, kept to be published again. */
export interface KeptCommit {
  readonly commit: Commit;
  readonly at: number;
  readonly drop: () => void;
  isDropped: boolean;
}

/** What the commits take that the writers of this node keep: those that the engine has, and those that it does not have yet. */
export class CommitBudget {
  readonly #maxBytes: number;
  #bytes = 0;
  /** Commits that the engine has, of all streams, oldest first. */
  readonly #kept = new Fifo<KeptCommit>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether this node keeps too much although it has dropped what the engine has. */
  get isExceeded(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Counts a commit that the engine has. `expire` calls `drop` when it is too old, or room is needed; the oldest of its stream first. */
  keep(commit: Commit, at: number, drop: () => void): KeptCommit {
    const kept = { commit, at, drop, isDropped: false };
    this.#kept.push(kept);
    this.#bytes += bytesOf([commit]);
    return kept;
  }

  /** The stream has dropped this commit. */
  release(kept: KeptCommit): void {
    kept.isDropped = true;
    this.remove([kept.commit]);
  }

  /** Counts commits that the engine does not have yet. */
  add(commits: readonly Commit[], now: number): void {
    this.#bytes += bytesOf(commits);
    this.expire(now);
  }

  remove(commits: readonly Commit[]): void {
    this.#bytes -= bytesOf(commits);
  }

  /** Drops what is too old, and the oldest ones beyond the bound. */
  expire(now: number): void {
    for (let oldest = this.#kept.first; oldest !== undefined; oldest = this.#kept.first) {
      if (!oldest.isDropped) {
        if (now - oldest.at < KEEP_MS && !this.isExceeded) return;
        oldest.drop();
      }
      this.#kept.shift();
    }
  }
}

export function bytesOf(commits: readonly Commit[]): number {
  return commits.reduce((sum, { body }) => sum + body.length + COMMIT_BYTES, 0);
}
