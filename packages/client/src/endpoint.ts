import { StateClientError } from "./errors.ts";
import type { StateClientOptions } from "./state-client.ts";
import type { StreamRequest } from "./transport.ts";

/** What a page has and a server has not. */
const page = globalThis as {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string; readonly origin: string };
  readonly origin?: string;
};

/** How to request a stream. */
export interface Endpoint {
  /** The URL for messages: without its query, which may hold secrets. */
  readonly name: string;
  /**
   * Makes a request for what comes after a position, or for everything.
   *
   * @throws {StateClientError} `headers`
   */
  readonly request: (eventId: string | undefined, bookmarks: boolean, signal: AbortSignal) => Promise<StreamRequest>;
}

/**
 * `undefined` for a relative URL where nothing gives it a base, as on a server.
 *
 * @throws {TypeError} for a URL that is malformed
 * @throws {RangeError} for a rate that there is not
 */
export function endpointOf(
  url: string | URL,
  { slices, maxRateHz, headers, credentials, fetch = globalThis.fetch }: StateClientOptions,
): Endpoint | undefined {
  // A server ignores such a rate, since a client may send anything.
  if (maxRateHz !== undefined && !(maxRateHz >= 0.5 && maxRateHz <= 1000))
    throw new RangeError("maxRateHz must be from 0.5 to 1,000");
  // Looked up at each request, as `fetch` and `EventSource` do: a page may change its base.
  const base = (): string | undefined => page.document?.baseURI ?? page.location?.href;
  if (base() === undefined && !/^[a-z][a-z\d+.-]*:/i.test(String(url))) return undefined;
  const { origin, pathname } = new URL(url, base());
  /** The position must not go into a header: the URL redirects to another origin, or may do so. */
  let avoidHeader = false;

  return {
    name: origin + pathname,
    request: async (eventId, bookmarks, signal) => {
      let current: Headers;
      try {
        current = new Headers(typeof headers === "function" ? await headers() : headers);
      } catch (cause) {
        throw new StateClientError("headers", "The option headers threw.", { cause });
      }
      const target = new URL(url, base());
      // A query has no empty list; the slice without a name is none.
      for (const slice of slices?.length === 0 ? [""] : (slices ?? [])) target.searchParams.append("slices", slice);
      // A query, since what is older than this client ignores it, and a header would need a preflight.
      target.searchParams.append("ops", "append");
      if (maxRateHz !== undefined) target.searchParams.set("maxRateHz", String(maxRateHz));
      if (bookmarks) target.searchParams.set("bookmarks", "1");
      const pageOrigin = page.origin ?? page.location?.origin;
      // A header would need a preflight at another origin, which servers forget to allow.
      const inQuery = pageOrigin !== undefined && (avoidHeader || pageOrigin !== target.origin);
      if (eventId !== undefined) {
        if (inQuery) target.searchParams.set("lastEventId", eventId);
        else current.set("last-event-id", eventId);
      }
      return {
        url: target.href,
        headers: current,
        credentials,
        signal,
        fetch: async (...args) => {
          try {
            const response = await fetch(...args);
            avoidHeader ||= response.redirected && new URL(response.url).origin !== target.origin;
            return response;
          } catch (cause) {
            // With the header, a redirect to another origin fails just like a network that is down.
            avoidHeader ||= eventId !== undefined;
            throw cause;
          }
        },
      };
    },
  };
}
