import type { EndReason } from "@statestream/core";
import type { Commit, Offer, Server, Setup, Subject } from "./subject.ts";

export { localSubject, type Mount, type Mounted } from "./local.ts";

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

type Handler = (request: Request) => Promise<Response>;

/**
 * The API of CONTROL.md over any subject, for every runtime with `fetch`: the reference for an implementation in another
 * language. It answers at any path of one segment or more; servers are controlled below it.
 */
export function controlHandler(subject: Subject): Handler {
  const servers = new Map<string, Server>();
  let count = 0;

  const answer = async (request: Request): Promise<Answer> => {
    const id = idOf(request.url);
    if (id === "") {
      const server = await subject.open((await request.json()) as Setup);
      const opened = String(++count);
      servers.set(opened, server);
      // A mount may give a path only.
      const url = new URL(server.url, request.url).href;
      return { status: 201, body: { url, control: `${request.url}/${opened}` } };
    }
    const server = servers.get(id);
    if (server === undefined) return { status: 404, body: `There is no server ${id}.` };
    if (request.method === "DELETE") servers.delete(id);
    return perform(server, request);
  };

  return async (request) => {
    const { status, body } = await answer(request).catch((error: unknown) => ({ status: 500, body: String(error) }));
    const headers = { "content-type": "application/json" };
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
  };
}

/** The number in `/servers/1/commit` or `/servers/1`. */
function idOf(url: string): string {
  return /\/(\d+)(?:\/[a-z]+)?$/.exec(url)?.[1] ?? "";
}

async function perform(server: Server, request: Request): Promise<Answer> {
  const { method, url } = request;
  const action = method === "DELETE" ? "" : url.slice(url.lastIndexOf("/") + 1);
  switch (`${method} ${action}`) {
    case "POST commit":
      await server.commit(...((await request.json()) as Commit[]));
      return { status: 204 };
    case "POST offer":
      await server.offer((await request.json()) as Offer);
      return { status: 204 };
    case "POST close":
      await server.close((await request.json()) as { reason?: EndReason; retry?: boolean });
      return { status: 204 };
    case "POST revoke":
      await server.revoke();
      return { status: 204 };
    case "GET connections":
      return { status: 200, body: await server.connections() };
    case "DELETE ":
      await server.dispose();
      return { status: 204 };
    default:
      return { status: 404, body: `There is no ${method} ${action}.` };
  }
}
