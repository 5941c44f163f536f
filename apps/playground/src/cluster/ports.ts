import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

export const HOST = "127.0.0.1";

/**
 * A port that is free now, for a process that is to listen there; 0: any.
 *
 * @throws {Error} whose message is one line for the person who chose it.
 */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, HOST);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Error(`Port ${wanted} is taken; give another with --port.`, { cause });
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
