import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Arguments, Framework } from "./arguments.ts";
import { expressServer } from "./express.ts";
import { honoServer } from "./hono.ts";
import { koaServer } from "./koa.ts";
import type { Playground } from "./playground.ts";

const SERVERS: Readonly<Record<Framework, (playground: Playground) => Server>> = {
  hono: honoServer,
  express: expressServer,
  koa: koaServer,
};

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
  const server = SERVERS[framework](playground);
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
