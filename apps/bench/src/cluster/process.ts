import { fileURLToPath } from "node:url";
import { startProcess, type SubjectProcess } from "../measure/subject-process.ts";
import type { Order, Report } from "./orders.ts";

/** A node under measurement. */
export type NodeProcess = SubjectProcess<Order, Report>;

/** The compiled program, from the sources too, which Node 20 cannot run. */
const program = fileURLToPath(new URL("../../dist/cluster/node.js", import.meta.url));

export async function startNode(port: number, core: number): Promise<NodeProcess> {
  const node: NodeProcess = startProcess("A node", core, program);
  await node.ask({ do: "open", port });
  return node;
}
