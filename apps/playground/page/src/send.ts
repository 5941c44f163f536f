/** A server that is being restarted, or a node whose place another takes, is given that long. */
const RETRIES = 5;
const RETRY_MS = 300;

/**
 * Requests a change from the server; its effect arrives by the stream. Returns what was wrong, if anything was. Where no
 * answer comes, the request is repeated.
 */
export async function send(method: string, path: string, body?: object): Promise<string | undefined> {
  // The same for each attempt, so that a change whose answer was lost is not made twice.
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(path, {
        method,
        headers: { "idempotency-key": key, ...(body && { "content-type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (response.ok) return undefined;
      // A balancer's answer is no JSON.
      const { error } = (await response.json()) as { error: { message: string } };
      return error.message;
    } catch {
      if (attempt === RETRIES) return "The server cannot be reached.";
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
