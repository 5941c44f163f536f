// Checks for mistakes of the application, run in development only. Production builds get production.ts instead.

/** What a client does in development beside its work. */
export interface Development {
  /** Freezes a state with all that is in it, so that a mutation throws where it happens. Returns it. */
  freeze<T>(state: T): T;
  /** Warns the developer, once per text. */
  warn(text: string): void;
  /** Warns of slices that were requested and are not in the state. */
  missing(name: string, requested: readonly string[] | undefined, slices: readonly string[]): void;
  /** Counts a connection until its signal is aborted, and warns when its origin has as many as browsers allow. */
  track(url: string, signal: AbortSignal): void;
}

/** Browsers open no more connections than this to one origin over HTTP/1.1, in all tabs together. */
const MAX_CONNECTIONS = 6;

const warned = new Set<string>();

const open = new Map<string, number>();

export const development: Development = {
  freeze: (state) => {
    // A stack of our own: the server decides how deep the state is. What is frozen already is so with all its members.
    const pending: unknown[] = [state];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      if (Object.isFrozen(value)) continue;
      Object.freeze(value);
      for (const member of Object.values(value as object)) if (Object(member) === member) pending.push(member);
    }
    return state;
  },

  warn: (text) => {
    if (warned.has(text)) return;
    warned.add(text);
    // eslint-disable-next-line no-console -- it is how a page warns its developer
    console.warn(`[statestream] ${text}`);
  },

  missing: (name, requested, slices) => {
    const missing = requested?.filter((slice) => !slices.includes(slice)) ?? [];
    if (missing.length === 0) return;
    development.warn(
      `${name}: The stream has no slice ${missing.join(", ")} for this client right now. It may be misspelt, not ` +
        `allowed, or not exist yet. There is: ${slices.join(", ") || "none"}.`,
    );
  },

  track: (url, signal) => {
    const { origin } = new URL(url);
    const count = (open.get(origin) ?? 0) + 1;
    open.set(origin, count);
    signal.addEventListener("abort", () => open.set(origin, (open.get(origin) as number) - 1));
    if (count !== MAX_CONNECTIONS || !("document" in globalThis) || !isHttp1(origin)) return;
    development.warn(
      `${origin} has ${count} open streams of this page. Over HTTP/1.1 a browser opens no more than ` +
        `${MAX_CONNECTIONS} connections to one origin, so nothing else loads from it. Share one client, close those ` +
        "that hot reloading leaves behind (import.meta.hot?.dispose(() => client.close())), or serve over HTTP/2.",
    );
  },
};

function isHttp1(origin: string): boolean {
  const entries = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  const entry = entries.find(({ name }) => name.startsWith(`${origin}/`)) as { nextHopProtocol?: string } | undefined;
  // Browsers speak HTTP/2 only over TLS. The protocol of other origins is hidden, unless they allow it.
  return entry?.nextHopProtocol ? entry.nextHopProtocol === "http/1.1" : origin.startsWith("http:");
}
