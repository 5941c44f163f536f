import type { HttpRequest, HttpResponse } from "../http.ts";

/** Below it, a node answers only if it leads: a request is handed on once, not around. */
export const LEADER_PATH = "/leader";

/** What a node says there when it does not lead. No other answer of the API has that status. */
export const NOT_LEADING = 421;

const TIMEOUT_MS = 4000;

/** What the node on that port answers, if it leads. `undefined`: it does not, or is gone, maybe in the middle of it. */
export async function forward({ method, path, body }: HttpRequest, port: number): Promise<HttpResponse | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${LEADER_PATH}${path}`, {
      method,
      body: method === "GET" || method === "HEAD" ? null : (body ?? null),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status === NOT_LEADING) return undefined;
    const headers = ["content-type", "allow"].flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    return { status: response.status, headers: Object.fromEntries(headers), body: text === "" ? null : text };
  } catch {
    return undefined;
  }
}
