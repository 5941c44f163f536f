import { StateClientError } from "./errors.ts";
import type { StateClientOptions } from "./state-client.ts";
import type { StreamRequest } from "./transport.ts";

/** Where the stream is, and how to ask for it. */
export class Endpoint {
  readonly #url: URL;
  readonly #sameOrigin: boolean;
  readonly #options: StateClientOptions;

  constructor(url: string | URL, options: StateClientOptions) {
    const page = (globalThis as { location?: { href: string; origin: string } }).location;
    if (page === undefined && !URL.canParse(url)) {
      throw new TypeError(`There is no page that "${url}" could be relative to: give the whole URL.`);
    }
    this.#url = new URL(url, page?.href);
    const { slices } = options;
    // A query has no empty list; the slice without a name is none.
    for (const slice of slices?.length === 0 ? [""] : (slices ?? [])) this.#url.searchParams.append("slices", slice);
    this.#sameOrigin = page === undefined || page.origin === this.#url.origin;
    this.#options = options;
  }

  /**
   * A request for what comes after a position, or for everything.
   *
   * @throws {StateClientError} `headers`
   */
  async request(eventId: string | undefined, signal: AbortSignal): Promise<StreamRequest> {
    const { fetch = globalThis.fetch, credentials } = this.#options;
    const headers = await this.#headers();
    const url = new URL(this.#url);
    // A header would need a preflight at another origin, which servers forget to allow.
    if (eventId !== undefined && this.#sameOrigin) headers.set("last-event-id", eventId);
    else if (eventId !== undefined) url.searchParams.set("lastEventId", eventId);
    return { url: url.href, headers, credentials, fetch, signal };
  }

  async #headers(): Promise<Headers> {
    const { headers } = this.#options;
    try {
      return new Headers(typeof headers === "function" ? await headers() : headers);
    } catch (cause) {
      throw new StateClientError("headers", "The option headers threw.", { cause });
    }
  }
}
