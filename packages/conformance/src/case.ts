import type { Trial } from "./trial.ts";

/** One requirement on every server. */
export interface Case {
  /** Stable: results and exceptions name it. */
  readonly id: string;
  /** Says what the server MUST do. */
  readonly name: string;
  /** The case can only be run in the server's process. */
  readonly needs?: "process";
  /** Throws when the server does not do it. */
  readonly run: (trial: Trial) => Promise<void>;
}
