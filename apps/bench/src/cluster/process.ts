import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pin } from "../measure/cpus.ts";
import type { Order, Report } from "./orders.ts";

/** A node under measurement, in a process of its own. */
export interface NodeProcess {
  ask(order: Order): Promise<Report>;
  stop(): Promise<void>;
}

/** The compiled program, from the sources too, which Node 20 cannot run. */
const program = fileURLToPath(new URL("../../dist/cluster/node.js", import.meta.url));

export async function startNode(port: number, core: number): Promise<NodeProcess> {
  const child = fork(program, { execArgv: ["--expose-gc"] });
  pin(child.pid as number, core);
  const failure = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`A node exited with ${code}.`)));
  });
  // An exit that nobody waits for was requested.
  failure.catch(() => {});
  const node: NodeProcess = {
    async ask(order) {
      child.send(order);
      const [report] = (await Promise.race([once(child, "message"), failure])) as [Report];
      return report;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
  await node.ask({ do: "open", port });
  return node;
}
