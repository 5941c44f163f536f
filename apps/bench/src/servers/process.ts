import { fileURLToPath } from "node:url";
import { SERVER_CORE } from "../measure/cpus.ts";
import { startProcess, type SubjectProcess } from "../measure/subject-process.ts";
import type { ContenderOptions } from "./contender.ts";
import type { Order, Report } from "./orders.ts";

/** A server under measurement. */
export interface ServerProcess extends SubjectProcess<Order, Report> {
  readonly port: number;
}

/** The compiled program, from the sources too, which Node 20 cannot run. */
const program = fileURLToPath(new URL("../../dist/servers/main.js", import.meta.url));

/** `module` is relative to this directory, or a URL. */
export async function startServer(
  module: string,
  kilobytes: number,
  options: ContenderOptions = {},
): Promise<ServerProcess> {
  const args = [module, String(kilobytes), JSON.stringify(options)];
  const server = startProcess<Order, Report>(`The server of ${module}`, SERVER_CORE, program, args);
  const { port } = (await server.message()) as { port: number };
  return { ...server, port };
}
