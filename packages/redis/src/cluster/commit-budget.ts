import type { Commit } from "./engine.ts";
import { Fifo } from "./fifo.ts";

/** How long the engine may take to lose a commit again, as in a failover: it can be published again for so long, in milliseconds. */
const KEEP_MS = 30_000;

/** What a commit takes beside its body. */
const COMMIT_BYTES = 250;

/** A commit that the engine has, kept to be published again. */
export interface KeptCommit {
  readonly commit: Commit;
  readonly place: Place;
}

/** The place of a commit in the order of all streams. It does not hold the commit, since it may stay there longer. */
interface Place {
  readonly at: number;
  /** `undefined` once the stream has dropped the commit. */
  drop: (() => void) | undefined;
}

/** What the commits take that the writers of this node keep: those that the engine has, and those that it does not have yet. */
export class CommitBudget {
  readonly #maxBytes: number;
  #bytes = 0;
  /** Commits that the engine has, of all streams, oldest first. */
  readonly #kept = new Fifo<Place>();

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
    const place = { at, drop };
    this.#kept.push(place);
    this.#bytes += bytesOf([commit]);
    return { commit, place };
  }

  /** The stream has dropped this commit. */
  release(kept: KeptCommit): void {
    kept.place.drop = undefined;
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
      if (oldest.drop !== undefined) {
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
