/** A request as far as this application looks at it, whatever the framework. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** `undefined` where it was longer than `MAX_BODY_BYTES`. */
  readonly body: string | undefined;
  /** The header `Accept-Encoding`. */
  readonly acceptEncoding?: string | undefined;
  /** The header `Idempotency-Key`: a request that is repeated with the same one is answered once. */
  readonly idempotencyKey?: string | undefined;
}

/** What the framework is to send, as it is. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

const MAX_BODY_BYTES = 16 * 1024;

export function json(status: number, value: unknown, headers?: Record<string, string>): HttpResponse {
  return { status, headers: { "content-type": "application/json", ...headers }, body: `${JSON.stringify(value)}\n` };
}

/** An error as clients of the API see it: a stable word to branch on, and a sentence that says what to do. */
export function failure(status: number, code: string, message: string, headers?: Record<string, string>): HttpResponse {
  return json(status, { error: { code, message } }, headers);
}

export function bodyTooLarge(): HttpResponse {
  return failure(413, "too-large", `The body may have at most ${MAX_BODY_BYTES} bytes.`);
}

export function notFound(path: string): HttpResponse {
  return failure(404, "not-found", `There is nothing at ${path}.`);
}

export function methodNotAllowed(method: string, allowed: readonly string[]): HttpResponse {
  const allow = allowed.join(", ");
  return failure(405, "method-not-allowed", `${method} is not possible here; possible: ${allow}.`, { allow });
}

/**
 * A request's body as text, or `undefined` where it is too large: then the rest is read and dropped, since most clients
 * listen to the answer only when they have sent everything.
 */
export async function readBody(chunks: AsyncIterable<Uint8Array> | null): Promise<string | undefined> {
  const kept: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks ?? []) {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) kept.push(chunk);
    }
  } catch {
    // The client left half-way: nobody will read the answer.
    return "";
  }
  return length <= MAX_BODY_BYTES ? Buffer.concat(kept).toString() : undefined;
}
