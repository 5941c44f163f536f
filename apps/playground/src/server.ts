import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Arguments } from "./arguments.ts";
import { expressListener } from "./express.ts";
import { type Framework, FRAMEWORKS } from "./frameworks.ts";
import { honoListener } from "./hono.ts";
import { koaListener } from "./koa.ts";
import type { Playground } from "./playground.ts";

const LISTENERS: Readonly<Record<Framework, (playground: Playground) => RequestListener>> = {
  hono: honoListener,
  express: expressListener,
  koa: koaListener,
};

const CHOSEN = new RegExp(`^/(${FRAMEWORKS.join("|")})(/events(?:\\?.*)?)$`);

/**
 * All three frameworks share the stream and the port: `/koa/events` is Koa's `/events` whatever serves the rest, so that
 * one page can go from one to the other.
 */
function listenerOf(playground: Playground, framework: Framework): RequestListener {
  const listeners = new Map(FRAMEWORKS.map((name) => [name as string, LISTENERS[name](playground)]));
  return (req, res) => {
    const [, chosen, path] = CHOSEN.exec(req.url ?? "") ?? [];
    if (path !== undefined) req.url = path;
    listeners.get(chosen ?? framework)?.(req, res);
  };
}

export interface RunningServer {
  /** Where it can be reached, without a slash at the end. */
  readonly url: string;
  /** Ends the streams first, since a server waits for open responses. */
  close(): Promise<void>;
}

/** How long requests under way may take once the server closes. */
const LINGER_MS = 250;

/** @throws {Error} whose message is one line for the person who started it. */
export async function startServer(
  playground: Playground,
  { framework, port, host }: Arguments,
): Promise<RunningServer> {
  const server = createServer(listenerOf(playground, framework));
  await listen(server, port, host);
  playground.start();
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    async close() {
      await playground.close();
      await new Promise<unknown>((resolve) => {
        server.close(resolve);
        setTimeout(() => server.closeAllConnections(), LINGER_MS).unref();
      });
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const message = taken
        ? `Port ${port} is taken; give another with --port.`
        : `Cannot listen on ${host}, port ${port}: ${error.message}.`;
      reject(new Error(message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
