import { describe, it } from "vitest";
import type { Case } from "./case.ts";
import { allCases } from "./cases/all.ts";
import { localSubject, type Mount } from "./local.ts";
import { runCase, type RunOptions } from "./run.ts";
import type { Subject } from "./subject.ts";

export interface SuiteOptions extends RunOptions {
  /** Default: all. */
  cases?: readonly Case[];
  /** Cases this server is known to fail, by id, each with the reason. The tests check that they still fail. */
  fails?: Readonly<Record<string, string>>;
}

/** One test for each case, of an adapter in this process. */
export function describeAdapter(name: string, mount: Mount, options?: SuiteOptions): void {
  describeSubject(name, localSubject(mount), options);
}

/** One test for each case. They run a few at a time: each has servers and clients of its own. */
export function describeSubject(name: string, subject: Subject, options: SuiteOptions = {}): void {
  const { cases = allCases, fails = {} } = options;
  describe.concurrent(name, { timeout: 30_000 }, () => {
    for (const test of cases) {
      const reason = fails[test.id];
      const run = (): Promise<void> => runCase(subject, test, options);
      if (reason !== undefined) it.fails(`${test.id}: ${test.name} (${reason})`, run);
      else it.skipIf(test.needs === "process" && !subject.inProcess)(`${test.id}: ${test.name}`, run);
    }
  });
}
