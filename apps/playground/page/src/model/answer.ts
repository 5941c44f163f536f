import type { StreamStatus } from "@statestream/client";

/** The newest connection: who answered it, and how it went on. */
export interface Answer {
  readonly framework: string | undefined;
  /** The process that answered, where there are several. */
  readonly pid: string | undefined;
  readonly how: "connecting" | "failed" | "snapshot" | "resumed";
  /** How long nothing came before it, where the connection before was lost. */
  readonly afterMs: number | undefined;
}

/** Follows the status of a client, to show how it found its way back. */
export interface AnswerTracker {
  readonly newest: Answer;
  answered(response: Response): void;
  changed(status: StreamStatus): void;
}

export function createAnswerTracker(): AnswerTracker {
  let newest: Answer = { framework: undefined, pid: undefined, how: "connecting", afterMs: undefined };
  let lostAt: number | undefined;
  let before: StreamStatus["status"] = "connecting";
  return {
    get newest() {
      return newest;
    },
    answered({ headers }) {
      newest = {
        ...newest,
        framework: headers.get("x-framework") ?? undefined,
        pid: headers.get("x-pid") ?? undefined,
      };
    },
    changed({ status, error, resumed }) {
      if (before === "live" && status === "stale") lostAt = Date.now();
      if (status === "live" && before !== "live") {
        const afterMs = lostAt === undefined ? undefined : Date.now() - lostAt;
        lostAt = undefined;
        newest = { ...newest, how: resumed ? "resumed" : "snapshot", afterMs };
      } else if (status !== "live") {
        newest = { ...newest, how: error === undefined ? "connecting" : "failed" };
      }
      before = status;
    },
  };
}
