import type { Trial } from "./trial.ts";

/** One thing that every server must do. */
export interface Case {
  /** Stable: results and exceptions name it. */
  readonly id: string;
  /** Says what the server MUST do. */
  readonly name: string;
  /** The case can only be run in the server's process. */
  readonly needs?: "process";
  /** Throws where the server does not. */
  readonly run: (trial: Trial) => Promise<void>;
}
