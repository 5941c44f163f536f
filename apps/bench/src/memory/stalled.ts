import { Crowd } from "../clients/crowd.ts";
import { startServer } from "../servers/process.ts";

export interface StalledOptions {
  readonly clients: number;
  readonly changes: number;
  readonly samples: number;
  readonly progress: (text: string) => void;
}

/** The server's memory after so many changes, in MB. */
export interface Sample {
  readonly changes: number;
  readonly rss: number;
  readonly heap: number;
  /** Of `ArrayBuffer`s, frames among them, and what else lies outside the heap. */
  readonly buffers: number;
  readonly log: number;
  readonly connections: number;
  /** Handed to sockets so far: in the kernel's buffers once the clients stall. */
  readonly written: number;
}

const MB = 2 ** 20;

/** A connection is closed when it takes nothing for 30 s, which would end the measurement: here it may stall for an hour. */
const STREAM = { maxStallMs: 3_600_000 };

/** Clients that read nothing while the state changes as fast as it can; the first sample is from before. */
export async function stalled({ clients, changes, samples, progress }: StalledOptions): Promise<Sample[]> {
  const server = await startServer("./ours.js", 20, { stream: STREAM });
  const crowd = new Crowd(server.port);
  try {
    await crowd.join(clients);
    crowd.pause();
    const list: Sample[] = [];
    const sample = async (): Promise<void> => {
      const { seq, rss, heap, buffers, details } = await server.ask({ do: "report", collect: true });
      const { logBytes = 0, connections = 0, bytesWritten = 0 } = details;
      const [log, written] = [logBytes / MB, bytesWritten / MB];
      list.push({ changes: seq, rss: rss / MB, heap: heap / MB, buffers: buffers / MB, log, connections, written });
    };
    await sample();
    for (let count = 1; count <= samples; count++) {
      progress(`stalled clients: ${Math.round((count / samples) * 100)} %`);
      await server.ask({ do: "stream", changes: changes / samples });
      await sample();
    }
    return list;
  } finally {
    crowd.leave();
    await server.stop();
  }
}
