import { StateClientError } from "./errors.ts";
import type { StateClientOptions } from "./state-client.ts";
import type { StreamRequest } from "./transport.ts";

/**
 * How to ask for the stream: makes a request for what comes after a position, or for everything.
 *
 * @throws {StateClientError} `headers`, by the function returned
 */
export function endpointOf(
  url: string | URL,
  { slices, headers, credentials, fetch = globalThis.fetch }: StateClientOptions,
): (eventId: string | undefined, signal: AbortSignal) => Promise<StreamRequest> {
  const page = (globalThis as { location?: { href: string; origin: string } }).location;
  const endpoint = new URL(url, page?.href);
  // A query has no empty list; the slice without a name is none.
  for (const slice of slices?.length === 0 ? [""] : (slices ?? [])) endpoint.searchParams.append("slices", slice);

  const current = async (): Promise<Headers> => new Headers(typeof headers === "function" ? await headers() : headers);

  return async (eventId, signal) => {
    const asked = await current().catch((cause: unknown) => {
      throw new StateClientError("headers", "The option headers threw.", { cause });
    });
    const target = new URL(endpoint);
    if (eventId !== undefined) {
      // A header would need a preflight at another origin, which servers forget to allow.
      if (page === undefined || page.origin === endpoint.origin) asked.set("last-event-id", eventId);
      else target.searchParams.set("lastEventId", eventId);
    }
    return { url: target.href, headers: asked, credentials, fetch, signal };
  };
}
