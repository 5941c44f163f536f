import type { Commit } from "./engine.ts";

/** How long, and how many, commits are useful to clients that reconnect; for anything older, a snapshot costs less. */
export const WINDOW_MS: number = 5 * 60_000;
const WINDOW_COMMITS = 500;

/** So many bytes are kept for clients even where a snapshot is smaller. */
const MIN_WINDOW_BYTES = 64 * 1024;

/** The window is measured in so many parts, so that a quiet stream costs little. */
export const PARTS = 16;

/** Where a part of the window begins. */
interface Mark {
  readonly first: number;
  readonly at: number;
  /** Commits before it, and bytes up to and including its first commit. */
  readonly commits: number;
  readonly bytes: number;
}

/** From where on the log in the engine is useful to clients that reconnect. */
export class LogWindow {
  #marks: Mark[] = [];
  #commits = 0;
  #bytes = 0;
  /** Bytes of the newest checkpoint: a client that needs more than that is sent a snapshot. */
  #snapshotBytes = 0;

  /** The engine may trim commits that end before this seq. */
  get keepFrom(): number {
    return this.#marks[0]?.first ?? 0;
  }

  add(commits: readonly Commit[], now: number): void {
    const mostBytes = Math.max(MIN_WINDOW_BYTES, this.#snapshotBytes);
    for (const { first, body } of commits) {
      const last = this.#marks.at(-1);
      this.#bytes += body.length;
      const isNew =
        last === undefined ||
        now - last.at >= WINDOW_MS / PARTS ||
        this.#commits - last.commits >= WINDOW_COMMITS / PARTS ||
        this.#bytes - last.bytes >= mostBytes / PARTS;
      if (isNew) this.#marks.push({ first, at: now, commits: this.#commits, bytes: this.#bytes });
      this.#commits++;
    }
    const isInside = ({ at, commits: before, bytes }: Mark): boolean =>
      now - at <= WINDOW_MS && this.#commits - before <= WINDOW_COMMITS && this.#bytes - bytes < mostBytes;
    let outside = 0;
    while (outside < this.#marks.length - 1 && !isInside(this.#marks[outside] as Mark)) outside++;
    this.#marks.splice(0, outside);
  }

  /** The engine has lost these commits, which were the newest. */
  remove(commits: readonly Commit[]): void {
    const from = commits[0]?.first ?? Infinity;
    this.#marks = this.#marks.filter(({ first }) => first < from);
    this.#commits -= commits.length;
    for (const { body } of commits) this.#bytes -= body.length;
  }

  measured(snapshotBytes: number): void {
    this.#snapshotBytes = snapshotBytes;
  }

  clear(): void {
    this.#marks = [];
  }
}
