/** A server that is being restarted, or a node whose place another takes, is given that long. */
const RETRIES = 5;
const RETRY_MS = 300;

/**
 * Requests a change from the server; its effect arrives by the stream. Returns what was wrong, if anything was. Where no answer comes, it is requested again: a change is
 * made at least once.
 */
export async function send(method: string, path: string, body?: object): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(path, {
        method,
        ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
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
