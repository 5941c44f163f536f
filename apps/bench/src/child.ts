import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Order, Report } from "./server.ts";

/** A server under measurement, in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  ask(order: Order): Promise<Report>;
  tell(order: Order): void;
  stop(): Promise<void>;
}

export async function startServer(framework: string): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL("server.js", import.meta.url)), [framework], { execArgv: ["--expose-gc"] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    port,
    async ask(order) {
      child.send(order);
      const [report] = (await once(child, "message")) as [Report];
      return report;
    },
    tell: (order) => void child.send(order),
    async stop() {
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}
