import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A line between a client and a server of this machine that can be cut, also in the middle of a frame. */
export interface CutLine {
  readonly url: string;
  /** Connections so far. */
  readonly count: number;
  /** Cuts what is connected; with `bytes`, once that many more have passed to the client. */
  cut(bytes?: number): void;
}

export async function cutLine(target: string): Promise<CutLine> {
  const { port: targetPort } = new URL(target);
  const open = new Set<Socket>();
  let count = 0;
  let left = Infinity;
  const cut = (): void => {
    left = Infinity;
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    count++;
    open.add(client);
    const upstream = connect(Number(targetPort), "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
    client.on("close", () => {
      open.delete(client);
      upstream.destroy();
    });
    upstream.on("close", () => client.destroySoon());
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      if (chunk.length < left) {
        left -= chunk.length;
        client.write(chunk);
        return;
      }
      client.write(chunk.subarray(0, left), () => client.destroy());
      left = Infinity;
      upstream.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count;
    },
    cut: (bytes = 0) => (bytes === 0 ? cut() : (left = bytes)),
  };
}
