import assert from "node:assert/strict";

const METHODS = ["log", "info", "warn", "error", "debug"] as const;

const listeners = new Set<string[]>();
let restore: (() => void) | undefined;

/**
 * Fails if this process prints a line to the console, a warning or an unhandled rejection while `run` runs. Cases run side by
 * side and share one recorder, so each of them gets the lines of all.
 */
export async function assertQuiet(run: () => Promise<void>): Promise<void> {
  const heard: string[] = [];
  listeners.add(heard);
  restore ??= tap();
  try {
    await run();
    assert.deepEqual(heard, []);
  } finally {
    listeners.delete(heard);
    if (listeners.size === 0) {
      restore?.();
      restore = undefined;
    }
  }
}

function tap(): () => void {
  const recorder = (what: string) => {
    return (...args: unknown[]): void => {
      for (const heard of listeners) heard.push(`${what}: ${args.map(String).join(" ")}`);
    };
  };
  const original = Object.fromEntries(METHODS.map((method) => [method, console[method]]));
  for (const method of METHODS) console[method] = recorder(`console.${method}`);
  const onWarning = recorder("warning");
  const onRejection = recorder("unhandledRejection");
  process.on("warning", onWarning);
  process.on("unhandledRejection", onRejection);
  return () => {
    Object.assign(console, original);
    process.off("warning", onWarning);
    process.off("unhandledRejection", onRejection);
  };
}
