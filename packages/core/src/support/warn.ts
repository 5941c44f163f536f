// The library writes to no log. Where nobody listens for its errors, the process is warned, if the runtime has that.

const { process: runtime } = globalThis as {
  process?: { env?: Record<string, string | undefined>; emitWarning?: (text: string, type: string) => void };
};

export function isDevelopment(): boolean {
  return runtime?.env?.["NODE_ENV"] !== "production";
}

export function warn(text: string): void {
  try {
    runtime?.emitWarning?.(text, "StateStreamWarning");
  } catch {
    // The edge runtime of Next.js has this function, but it throws.
  }
}

const warned = new Set<string>();

/** Warns once per key, of which there are few. */
export function warnOnce(key: string, text: string): void {
  if (warned.has(key)) return;
  warned.add(key);
  warn(text);
}
