/** Asks the server for a change; what it then becomes comes by the stream. Returns what was wrong, if anything was. */
export async function send(method: string, path: string, body?: object): Promise<string | undefined> {
  try {
    const response = await fetch(path, {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (response.ok) return undefined;
    const { error } = (await response.json()) as { error: { message: string } };
    return error.message;
  } catch {
    return "The server cannot be reached.";
  }
}
