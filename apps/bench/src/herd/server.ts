import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";

export type Slices = Record<string, unknown>;

export interface HerdServer {
  readonly port: number;
  readonly stream: WritableStateStream<Slices>;
  /** The most bytes of buffers there were at once. */
  readonly peak: () => number;
  close(): Promise<void>;
}

/** A server in this process, with default limits. */
export async function serve(initialState: Slices): Promise<HerdServer> {
  const stream = createStateStream({ initialState });
  const server: Server = createServer((req, res) => writeStateStream(req, res, stream));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 100);
  return {
    port: (server.address() as AddressInfo).port,
    stream,
    peak: () => peak,
    async close() {
      clearInterval(timer);
      await stream.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
