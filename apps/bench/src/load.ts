import { startServer } from "./child.ts";
import { openReader, type Reader } from "./reader.ts";

export interface LoadOptions {
  readonly framework: string;
  readonly connections: number;
  readonly updates: number;
}

/** Many clients, many updates: is every client on the final state, and what did it cost the server? */
export async function load({ framework, connections, updates }: LoadOptions): Promise<Record<string, string | number>> {
  const server = await startServer(framework);
  try {
    // One client first, so that what is loaded late is not counted as a connection's.
    (await openReader(server.port)).leave();
    const before = await server.ask({ do: "report" });
    const readers: Reader[] = [];
    while (readers.length < connections) {
      const batch = Math.min(100, connections - readers.length);
      readers.push(...(await Promise.all(Array.from({ length: batch }, () => openReader(server.port)))));
    }
    const idle = await server.ask({ do: "report" });
    const { n } = await server.ask({ do: "update", times: updates });
    const isFinal = (reader: Reader): boolean => (reader.state["counter"] as { n: number }).n === n;
    const deadline = Date.now() + 60_000;
    while (!readers.every(isFinal) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    const { cpu, bytesWritten } = await server.ask({ do: "report" });
    const delivered = readers.reduce((sum, { events, snapshots }) => sum + events - snapshots, 0);
    const kb = (bytes: number): number => Math.round(bytes / connections / 102.4) / 10;
    return {
      framework,
      connections,
      updates,
      "on final state": readers.filter(isFinal).length,
      "events delivered": delivered,
      snapshots: readers.reduce((sum, { snapshots }) => sum + snapshots, 0),
      "CPU us/event": Math.round(((cpu - idle.cpu) / delivered) * 100) / 100,
      "MB written": Math.round((bytesWritten - idle.bytesWritten) / 1e5) / 10,
      "RSS KB/conn": kb(idle.rss - before.rss),
      "heap KB/conn": kb(idle.heap - before.heap),
    };
  } finally {
    await server.stop();
  }
}
