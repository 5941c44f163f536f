import type { Result } from "./report/result.ts";

/**
 * One subcommand. To add one: a module that exports a `Command`, and a line in the list of main.ts. What `run` returns is
 * printed, and written as `results/<name>.md`, `results/<name>.json` and `results/<name>-<chart>.svg`; `pnpm bench all`
 * runs it, and `pnpm bench check` compares its ratios, by their names, with the ones in `results/<name>.json`.
 */
export interface Command {
  /** The word on the command line, and the name of its files. */
  readonly name: string;
  readonly summary: string;
  /** Packages whose versions belong beside the figures. Ours go without saying. */
  readonly packages: readonly string[];
  /** About how long it takes on two cores, in minutes. */
  readonly minutes: { readonly full: number; readonly quick: number };
  /** Whether its quick run has ratios steady enough for `pnpm bench check`. */
  readonly checked: boolean;
  run(options: RunOptions): Promise<Result>;
}

export interface RunOptions {
  /** Fewer rounds and points. What is measured stays the same, so that its ratios compare with those of a full run. */
  readonly quick: boolean;
  /** Says on stderr what goes on. */
  readonly progress: (text: string) => void;
}
