interface BunServer {
  timeout(request: Request, seconds: number): void;
}

/**
 * Takes off the time limit after which Bun closes a response that is quiet, where Bun's server is in reach: Hono passes it
 * as the environment, or as its member `server`.
 */
export function keepQuietResponse(env: unknown, request: Request): void {
  // Elsewhere, a member of the environment may be anything, such as a binding to another Worker.
  if (!("Bun" in globalThis)) return;
  const given = env as Partial<BunServer> & { server?: Partial<BunServer> };
  const server = given?.server ?? given;
  if (typeof server?.timeout === "function") server.timeout(request, 0);
}
