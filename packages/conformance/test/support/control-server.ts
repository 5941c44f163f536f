import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import {
  type Commit,
  listen,
  type Mounted,
  type Offer,
  type Server,
  type Setup,
  type Subject,
} from "@statestream/conformance";
import type { EndReason } from "@statestream/core";

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** The API of CONTROL.md over any subject: the reference for those who write one in another language. */
export function controlServer(subject: Subject): Promise<Mounted> {
  const servers = new Map<string, Server>();
  let count = 0;

  const answer = async (req: IncomingMessage): Promise<Answer> => {
    const [, root = "", id = "", action = ""] = (req.url ?? "").split("/");
    const body = req.method === "POST" && action !== "revoke" ? await json(req) : undefined;
    if (id === "") {
      const server = await subject.open(body as Setup);
      const opened = String(++count);
      servers.set(opened, server);
      return { status: 201, body: { url: server.url, control: `http://${req.headers.host}/${root}/${opened}` } };
    }
    const server = servers.get(id);
    if (server === undefined) return { status: 404, body: `There is no server ${id}.` };
    switch (`${req.method} ${action}`) {
      case "POST commit":
        await server.commit(...(body as Commit[]));
        return { status: 204 };
      case "POST offer":
        await server.offer(body as Offer);
        return { status: 204 };
      case "POST close":
        await server.close(body as { reason?: EndReason; retry?: boolean });
        return { status: 204 };
      case "POST revoke":
        await server.revoke();
        return { status: 204 };
      case "GET connections":
        return { status: 200, body: await server.connections() };
      case "DELETE ":
        servers.delete(id);
        await server.dispose();
        return { status: 204 };
      default:
        return { status: 404, body: `There is no ${req.method} ${action}.` };
    }
  };

  const send = (res: ServerResponse, { status, body }: Answer): void => {
    res.writeHead(status, { "content-type": "application/json" });
    res.end(body === undefined ? undefined : JSON.stringify(body));
  };

  return listen((req, res) =>
    answer(req).then(
      (answered) => send(res, answered),
      (error: unknown) => send(res, { status: 500, body: String(error) }),
    ),
  );
}
