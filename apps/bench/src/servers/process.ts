import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pin, SERVER_CORE } from "../measure/cpus.ts";
import type { ContenderOptions } from "./contender.ts";
import type { Order, Report } from "./orders.ts";

/** A server under measurement, in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  ask(order: Order): Promise<Report>;
  stop(): Promise<void>;
}

/** The compiled program, from the sources too, which Node 20 cannot run. */
const program = fileURLToPath(new URL("../../dist/servers/main.js", import.meta.url));

/** `module` is relative to this directory, or a URL. */
export async function startServer(
  module: string,
  kilobytes: number,
  options: ContenderOptions = {},
): Promise<ServerProcess> {
  const child = fork(program, [module, String(kilobytes), JSON.stringify(options)], { execArgv: ["--expose-gc"] });
  pin(child.pid as number, SERVER_CORE);
  const failure = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`The server of ${module} exited with ${code}.`)));
    child.once("error", reject);
  });
  // An exit that nobody waits for was requested.
  failure.catch(() => {});
  const answer = (): Promise<unknown[]> => Promise.race([once(child, "message"), failure]);
  const [{ port }] = (await answer()) as [{ port: number }];
  return {
    port,
    async ask(order) {
      const answered = answer();
      child.send(order);
      const [report] = (await answered) as [Report];
      return report;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}
