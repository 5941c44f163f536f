import type { FollowedStream } from "@statestream/core/backplane";
import { PARTS, WINDOW_MS } from "./log-window.ts";

/**
 * Limits the log of a copy to the commits of the window, for which clients that reconnect need no snapshot. By this node's
 * clock: the time in a commit is its writer's.
 */
export class LogAge {
  /** Where the copy was, oldest first. */
  #marks: { readonly seq: number; readonly at: number }[] = [];

  limit(stream: FollowedStream, now: number): void {
    const seq = stream.position?.seq ?? 0;
    const newest = this.#marks.at(-1);
    // The copy was replaced by an older state.
    if (newest !== undefined && newest.seq > seq) this.#marks = [];
    else if (newest === undefined || (newest.seq < seq && now - newest.at >= WINDOW_MS / PARTS))
      this.#marks.push({ seq, at: now });
    const old = this.#marks.filter(({ at }) => now - at >= WINDOW_MS).at(-1);
    if (old === undefined) return;
    this.#marks = this.#marks.filter(({ seq: marked }) => marked > old.seq);
    stream.forget(old.seq);
  }
}
