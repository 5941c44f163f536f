import { once } from "node:events";
import { haproxyVersion, startHaproxy } from "./haproxy.ts";
import { HOST } from "./ports.ts";
import { createTcpBalancer } from "./tcp-balancer.ts";

/** What is in front of the nodes. */
export interface Balancer {
  /** For the terminal. */
  readonly name: string;
  close(): Promise<void>;
}

/** HAProxy where it is installed, else a few lines of our own; `onExit` is called when it ends by itself. */
export async function startBalancer(port: number, nodes: readonly number[], onExit: () => void): Promise<Balancer> {
  const version = haproxyVersion();
  if (version !== undefined) return { name: version, close: await startHaproxy(port, nodes, onExit) };
  const server = createTcpBalancer(nodes).listen(port, HOST);
  await once(server, "listening");
  return {
    name: "a small balancer of our own, since HAProxy is not installed",
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
