import type { Case } from "./case.ts";
import type { RequestDefaults } from "./probe-request.ts";
import type { Rule } from "./rules.ts";
import type { Subject } from "./subject.ts";
import { Trial } from "./trial.ts";

export interface RunOptions {
  /** How long a case waits for what must happen, in milliseconds. Default 5,000. */
  patienceMs?: number;
  /** Rules that this server is known to break. */
  tolerates?: readonly Rule[];
  /** Defaults of every request, for middleware or a proxy in front of the server. */
  defaults?: RequestDefaults;
}

export interface Result {
  readonly id: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly error?: unknown;
}

/** Runs one case; throws why it failed. */
export async function runCase(subject: Subject, { run }: Case, options: RunOptions = {}): Promise<void> {
  const { patienceMs = 5000, tolerates = [], defaults = {} } = options;
  const trial = new Trial(subject, { patienceMs, tolerates: new Set(tolerates), defaults });
  try {
    await run(trial);
    trial.check();
  } finally {
    await trial.dispose();
  }
}

/** Runs cases, a few at a time; those that must be in the server's process are skipped where it is another. */
export async function runCases(
  subject: Subject,
  cases: readonly Case[],
  options: RunOptions & { concurrency?: number } = {},
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = cases.entries();
  const worker = async (): Promise<void> => {
    for (const [index, test] of waiting) results[index] = await resultOf(subject, test, options);
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 4 }, worker));
  return results;
}

async function resultOf(subject: Subject, test: Case, options: RunOptions): Promise<Result> {
  const { id, name } = test;
  if (test.needs === "process" && !subject.inProcess) return { id, name, outcome: "skipped" };
  try {
    await runCase(subject, test, options);
    return { id, name, outcome: "passed" };
  } catch (error) {
    return { id, name, outcome: "failed", error };
  }
}
