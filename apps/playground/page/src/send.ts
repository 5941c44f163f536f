/** A server that is being restarted, or a node whose place another takes, is given that long. */
const RETRIES = 5;
const RETRY_MS = 300;

/**
 * Requests a change from the server; its effect arrives by the stream. Returns the position after the change. Where no answer
 * comes, the request is repeated.
 *
 * @throws {Error} whose message says what was wrong
 */
export async function send(method: string, path: string, body?: object): Promise<{ readonly eventId: string } | void> {
  // The same for each attempt, so that a change whose answer was lost is not made twice.
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  for (let attempt = 0; ; attempt++) {
    const answer = await request(method, path, key, body);
    if (answer !== undefined) {
      if ("problem" in answer) throw new Error(answer.problem);
      return answer.eventId === null ? undefined : { eventId: answer.eventId };
    }
    if (attempt === RETRIES) throw new Error("The server cannot be reached.");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** What the server answered, if it did. */
async function request(
  method: string,
  path: string,
  key: string,
  body: object | undefined,
): Promise<{ readonly eventId: string | null } | { readonly problem: string } | undefined> {
  try {
    const response = await fetch(path, {
      method,
      headers: { "idempotency-key": key, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok) return { eventId: response.headers.get("statestream-event-id") };
    // A balancer's answer is not JSON.
    const { error } = (await response.json()) as { error: { message: string } };
    return { problem: error.message };
  } catch {
    return undefined;
  }
}
