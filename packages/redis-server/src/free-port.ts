import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Resolves with a port of 127.0.0.1 that nothing listens on: `wanted`, or any where that is 0. Rejects if it is taken. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
