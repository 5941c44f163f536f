import { allCases, remoteSubject, type Result, runCases, type Subject } from "@statestream/conformance";
import type { Exceptions } from "./runtimes.ts";

export interface Outcome {
  readonly passed: number;
  /** Cases that failed and are not declared to, and those declared to fail that passed. */
  readonly faults: readonly string[];
}

/** Cases are mostly waiting, so that more of them at a time cost nothing. */
const AT_A_TIME = 8;

/** A busy machine is no fault of the runtime's. */
const PATIENCE_MS = 15_000;

/** Runs every case that can be run over HTTP, and compares what fails with the exceptions. */
export async function runConformance(
  controlUrl: string,
  exceptions: Exceptions,
  heartbeatMs: number | undefined,
): Promise<Outcome> {
  const results = await runCases(subjectAt(controlUrl, heartbeatMs), allCases, {
    concurrency: AT_A_TIME,
    patienceMs: PATIENCE_MS,
  });
  return {
    passed: results.filter(({ outcome }) => outcome === "passed").length,
    faults: results.flatMap((result) => faultOf(result, exceptions[result.id])),
  };
}

function subjectAt(controlUrl: string, heartbeatMs: number | undefined): Subject {
  const remote = remoteSubject(controlUrl);
  if (heartbeatMs === undefined) return remote;
  return {
    inProcess: false,
    open: (setup) => remote.open({ ...setup, options: { heartbeatMs, ...setup.options } }),
  };
}

function faultOf({ id, name, outcome, error }: Result, reason: string | undefined): string[] {
  if (outcome === "failed" && reason === undefined) return [`${id}: ${name}: ${String(error)}`];
  if (outcome === "passed" && reason !== undefined) return [`${id} passes, though it is declared to fail: ${reason}`];
  return [];
}
