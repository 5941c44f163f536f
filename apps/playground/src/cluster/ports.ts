import { freePort } from "@statestream/redis-server";

export const HOST = "127.0.0.1";

/**
 * Resolves with the wanted port if it is free; 0: any free port.
 *
 * @throws {Error} whose message is one line for the person who chose it.
 */
export async function portFor(wanted: number): Promise<number> {
  try {
    return await freePort(wanted);
  } catch (cause) {
    throw new Error(`Port ${wanted} is taken; give another with --port.`, { cause });
  }
}
