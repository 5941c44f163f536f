import type { StateStreamError } from "@statestream/core";
import type { Clock } from "@statestream/core/backplane";

/** A failure of the engine that has not occurred for so long is reported again, in milliseconds. */
const FORGET_MS = 60_000;

/** How many different failures are remembered. */
const MAX_FAILURES = 100;

/**
 * Reports to `onError`; without it, as one process warning for each code. One cause makes many calls fail, of many streams, again and
 * again: it is reported once. An `onError` that throws must not end the process: it is called from timers and socket events, where
 * nothing would catch the exception.
 */
export function reporter(
  onError: ((error: StateStreamError) => void) | undefined,
  clock: Clock,
): (error: StateStreamError) => void {
  /** When each failure last occurred, in milliseconds elapsed; the one that has not occurred for longest comes first. */
  const failures = new Map<string, number>();
  const warned = new Set<string>();
  const warn = (kind: string, text: string): void => {
    if (warned.has(kind)) return;
    warned.add(kind);
    process.emitWarning(text, "StateStreamWarning");
  };
  const isKnown = ({ code, cause }: StateStreamError): boolean => {
    if (code !== "backplane-failed" || !(cause instanceof Error)) return false;
    const now = clock.elapsed();
    const last = failures.get(cause.message);
    failures.delete(cause.message);
    failures.set(cause.message, now);
    if (failures.size > MAX_FAILURES) failures.delete(failures.keys().next().value as string);
    return last !== undefined && now - last < FORGET_MS;
  };
  return (error) => {
    if (isKnown(error)) return;
    try {
      if (onError === undefined) warn(error.code, error.message);
      else onError(error);
    } catch (thrown) {
      warn("onError", `The option onError of the backplane threw: ${String(thrown)}`);
    }
  };
}
