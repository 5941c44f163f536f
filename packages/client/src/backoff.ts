/** The longest wait between two attempts, in milliseconds, unless the server asks for more. */
const MAX_WAIT_MS = 30_000;

/** How long to wait before the next attempt, in milliseconds. */
export interface Wait {
  /** What the server told at the last connection; already different for each client. */
  readonly retryMs: number;
  /** How many attempts have failed since it last worked; 0 when the server ended the connection in order. */
  readonly failures: number;
  /** What an answer with `Retry-After` asked for. */
  readonly retryAfterMs?: number | undefined;
}

/** Exponential, with full jitter: clients that failed together do not come back together. */
export function waitMs({ retryMs, failures, retryAfterMs = 0 }: Wait): number {
  if (failures === 0) return Math.max(retryMs, retryAfterMs);
  const ceiling = Math.min(MAX_WAIT_MS, retryMs * 2 ** (failures - 1));
  return retryAfterMs + Math.random() * ceiling;
}
