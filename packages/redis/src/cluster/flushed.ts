import { StateStreamError } from "@statestream/core";
import type { Clock } from "@statestream/core/backplane";
import type { Engine } from "./engine.ts";
import type { Session } from "./session.ts";

export interface FlushOptions {
  /** Milliseconds until it rejects with `timeout`. Default: no limit. */
  timeoutMs?: number;
  /** How many replicas must have the changes too. Default 0. */
  replicas?: number;
}

export interface FlushHost {
  readonly key: string;
  readonly engine: Engine;
  readonly clock: Clock;
}

/** How long one look at the replicas waits for them, and the pause before the next one, in milliseconds. */
const LOOK_MS = 100;
const PAUSE_MS = 50;
const PAUSE_AFTER_FAILURE_MS = 500;

/** Resolves when the engine, and so many of its replicas, have every change that the session has made so far. */
export async function flushed<S extends object>(
  session: Session<S>,
  { key, engine, clock }: FlushHost,
  { timeoutMs, replicas = 0 }: FlushOptions,
): Promise<void> {
  if (!Number.isInteger(replicas) || replicas < 0)
    throw new StateStreamError("invalid-option", `The option replicas is ${String(replicas)}; it must be 0 or more.`);
  let isLate = false;
  let has = 0;
  let failure: unknown;

  const look = async (): Promise<number | "unknown" | undefined> => {
    try {
      return await engine.replicas(key, session.accepted, replicas, LOOK_MS);
    } catch (error) {
      failure = error;
      return "unknown";
    }
  };

  const store = async (): Promise<void> => {
    await session.flushed();
    while (has < replicas && !isLate) {
      const count = await look();
      if (typeof count === "number") has = Math.max(has, count);
      if (has >= replicas || isLate) return;
      const pauseMs = count === "unknown" ? PAUSE_AFTER_FAILURE_MS : PAUSE_MS;
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve, true));
      // After a failover, changes may have to be published again.
      if (count === undefined) await session.confirmed();
      // Rejects once the session has ended: nobody looks after its changes any more.
      else await session.flushed();
    }
  };

  if (timeoutMs === undefined) return await store();
  let cancel: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => reject(timedOut(key, timeoutMs, replicas, has, failure)), true);
  });
  try {
    await Promise.race([store(), late]);
  } finally {
    isLate = true;
    cancel?.();
  }
}

function timedOut(key: string, timeoutMs: number, replicas: number, has: number, cause: unknown): StateStreamError {
  const what =
    replicas === 0
      ? `were not stored within ${timeoutMs} ms`
      : `are known to be on ${has} of ${replicas} replicas after ${timeoutMs} ms`;
  return new StateStreamError("timeout", `Changes of stream "${key}" ${what}. They are still being sent.`, { cause });
}
