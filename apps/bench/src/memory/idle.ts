import { Crowd } from "../clients/crowd.ts";
import type { ContenderOptions } from "../servers/contender.ts";
import { startServer } from "../servers/process.ts";

/** What a connection that is idle takes of the server's process, in bytes. */
export interface IdleCost {
  readonly rss: number;
  readonly heap: number;
}

/** The state is next to nothing: what is measured is the connection. */
const KILOBYTES = 1;

/** So many that the server's lazy parts are there, and its heap has grown once. */
const EARLIER = 100;

export async function idleCost(module: string, options: ContenderOptions, connections: number): Promise<IdleCost> {
  const server = await startServer(module, KILOBYTES, options);
  const crowd = new Crowd(server.port);
  try {
    await crowd.join(EARLIER);
    const before = await server.ask({ do: "report", collect: true });
    await crowd.join(EARLIER + connections);
    const after = await server.ask({ do: "report", collect: true });
    return { rss: (after.rss - before.rss) / connections, heap: (after.heap - before.heap) / connections };
  } finally {
    crowd.leave();
    await server.stop();
  }
}
