import type { Connection } from "../delivery/connection.ts";
import { rateOf } from "../delivery/rate.ts";
import { invalidOption } from "../support/errors.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { checkStream } from "./arguments.ts";
import { SSE_HEADERS } from "../protocol/frame.ts";
import { CONNECT_NAMES, selectedNames } from "../state/connect-options.ts";
import { checkRevoked, expiryOf, rateOption } from "../state/options.ts";
import type { ConnectOptions, StateStream } from "../state/stream.ts";

/**
 * Options of an adapter's `streamState`: those of a connection, but for what the request itself says. The request can
 * narrow `slices` further and lower `maxRateHz`, never widen or raise them.
 */
export interface StreamStateOptions extends Omit<ConnectOptions, "lastEventId" | "append" | "bookmarks" | "signal"> {
  /**
   * More response headers. They replace those of the protocol, and `undefined` removes one: `{ incremental: undefined }`.
   * `content-type` stays as it is; `connection`, `transfer-encoding` and `content-length` throw `invalid-option`.
   */
  headers?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Options of a connection that the request decides. */
const OF_THE_REQUEST: readonly string[] = ["lastEventId", "append", "bookmarks", "signal"];

const OPTION_NAMES = ["headers", ...CONNECT_NAMES.filter((name) => !OF_THE_REQUEST.includes(name))];

/** How many slices a request can name. With more, clients could make the server remember names by the thousand. */
const MAX_QUERY_SLICES = 256;

/** What an adapter knows of a request. */
export interface StreamRequest {
  readonly method: string;
  /** The URL, or any part of it that ends in the query. */
  readonly url: string;
  /** The header `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
}

/** What to answer, whatever the framework. */
export interface StreamAnswer {
  readonly status: 200 | 204;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Opens the connection whose bytes are the body; what `more` names replaces what the request and the options say.
   * `undefined` when there is no body: for HEAD, and for 204.
   */
  readonly connect: ((signal?: AbortSignal, more?: ConnectOptions) => Connection) | undefined;
}

/**
 * The answer to a request for a stream; for those who write an adapter. Nothing is opened until `connect` is called.
 * PROTOCOL.md, "The request".
 *
 * @throws {StateStreamError} `invalid-option`, for the stream and the options; never for the request.
 */
export function answerRequest(
  stream: StateStream,
  request: StreamRequest,
  options: StreamStateOptions = {},
): StreamAnswer {
  checkStream(stream);
  checkOptionNames("streamState", options, OPTION_NAMES);
  const headers = headersOf(options.headers);
  selectedNames(options.slices, "streamState");
  const expiresAt = expiryOf(options.expiresAt);
  rateOption(options.maxRateHz);
  const { revoked, context, onClose } = options;
  checkRevoked(revoked);
  // A preflight, or a client that tries what there is: an answer to CORS is for the application to set.
  if (request.method === "OPTIONS") return { status: 204, headers: {}, connect: undefined };
  // An EventSource comes back after every end; 204 is what stops it (WHATWG HTML, 9.2.2).
  const gone = stream.closing?.retry === false || revoked?.aborted === true;
  if (gone || request.method === "HEAD") return { status: gone ? 204 : 200, headers, connect: undefined };

  const start = request.url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : request.url.slice(start));
  const asked = query.has("slices") ? query.getAll("slices").slice(0, MAX_QUERY_SLICES) : undefined;
  const slices = narrow(options.slices, asked);
  const maxRateHz = lower(options.maxRateHz, rateOf(Number(query.get("maxRateHz") ?? NaN)));
  // A list of names, of which later versions may know more.
  const append = query.getAll("ops").some((names) => names.split(",").includes("append"));
  const bookmarks = query.get("bookmarks") === "1";
  const lastEventId = request.lastEventId || query.get("lastEventId") || undefined;
  const connect = { lastEventId, slices, append, maxRateHz, bookmarks, expiresAt, revoked, context, onClose };
  return {
    status: 200,
    headers,
    connect: (signal, more) => stream.connect({ ...connect, signal, ...more }),
  };
}

/** The lower of two rates, either of which may be missing: a request cannot raise what the server allows. */
function lower(allowed: number | undefined, asked: number | undefined): number | undefined {
  return allowed === undefined || asked === undefined ? (allowed ?? asked) : Math.min(allowed, asked);
}

function narrow(
  allowed: readonly string[] | undefined,
  asked: readonly string[] | undefined,
): readonly string[] | undefined {
  if (allowed === undefined || asked === undefined) return allowed ?? asked;
  const names = new Set(allowed);
  return asked.filter((name) => names.has(name));
}

const FORBIDDEN: ReadonlySet<string> = new Set(["connection", "transfer-encoding", "content-length"]);

function headersOf(more: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const headers: Record<string, string> = { ...SSE_HEADERS };
  for (const [name, value] of Object.entries(more)) {
    const lower = name.toLowerCase();
    if (FORBIDDEN.has(lower)) {
      throw invalidOption(`The header ${name} belongs to the server; leave it out.`);
    }
    if (lower === "content-type") continue;
    if (value === undefined) delete headers[lower];
    else headers[lower] = value;
  }
  return headers;
}
