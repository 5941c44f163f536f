const METHODS = ["log", "info", "warn", "error", "debug"] as const;

/** What the process prints while somebody listens. */
export interface Noise {
  readonly heard: readonly string[];
  stop(): void;
}

const listeners = new Set<string[]>();
let restore: (() => void) | undefined;

/**
 * Records every line to the console, every warning and every unhandled rejection of this process until stopped. Cases run
 * side by side and share one recorder, so each of them gets the lines of all.
 */
export function listenForNoise(): Noise {
  const heard: string[] = [];
  listeners.add(heard);
  restore ??= tap();
  return {
    heard,
    stop() {
      listeners.delete(heard);
      if (listeners.size > 0) return;
      restore?.();
      restore = undefined;
    },
  };
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
