import type { RawRequest } from "./http.ts";
import type { Replica } from "./replica.ts";

/** A request for a stream; everything but the URL has a default. */
export interface ProbeRequest {
  readonly method?: string;
  readonly version?: "1.0" | "1.1";
  readonly lastEventId?: string | undefined;
  /** One `slices` parameter for each. */
  readonly slices?: readonly string[];
  /** More of the query, already encoded, without a leading `&`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The client reconnects with the copy and the position of this one. */
  readonly after?: { readonly replica: Replica };
  /** Stops reading before anything has arrived. */
  readonly paused?: boolean;
}

/** What requests may have in common. */
export type RequestDefaults = Pick<ProbeRequest, "method" | "headers" | "body">;

/** The request as it is written to the socket. */
export function rawRequest(url: URL, request: ProbeRequest, defaults: RequestDefaults): RawRequest {
  const { version = "1.1", slices = [], query, lastEventId, headers } = request;
  const { method = "GET", body = "" } = request.method === undefined ? { ...defaults, ...request } : request;
  const target = new URL(url);
  for (const slice of slices) target.searchParams.append("slices", slice);
  const search = [target.search.slice(1), query].filter(Boolean).join("&");
  const path = search === "" ? target.pathname : `${target.pathname}?${search}`;
  const all: Record<string, string> = {
    host: target.host,
    accept: "text/event-stream",
    ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...defaults.headers,
    ...headers,
  };
  return { method, version, target: path, headers: Object.entries(all), body };
}
