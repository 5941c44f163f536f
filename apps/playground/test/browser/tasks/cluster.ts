import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { freePort, RedisServer } from "@statestream/redis-server";
import { onTestFinished } from "vitest";
import { end } from "../../../src/cluster/child.ts";
import { createTcpBalancer } from "../../../src/cluster/tcp-balancer.ts";
import { until } from "../../../src/cluster/until.ts";

const NODE = fileURLToPath(new URL("node.js", import.meta.url));
const NODES = 3;
const START_MS = 20_000;
const GRACE_MS = 1000;

export interface TasksCluster {
  /** Of what is in front of the nodes. */
  readonly url: string;
  /** As `kill -9` does. Resolves when another node leads. */
  readonly killLeader: () => Promise<void>;
}

/** Redis, three nodes of `node.js`, and a balancer in front. */
export async function startTasksCluster(): Promise<TasksCluster> {
  const redis = await RedisServer.start();
  onTestFinished(() => redis.stop());
  let leader: ChildProcess | undefined;
  const ports: number[] = [];
  for (let n = 0; n < NODES; n++) {
    const port = await freePort();
    const node = fork(NODE, [String(port), redis.url], { execArgv: [] });
    onTestFinished(() => end(node, GRACE_MS));
    node.on("message", (message: { serves?: true; leads?: boolean }) => {
      if (message.serves === true) ports.push(port);
      if (message.leads === true) leader = node;
    });
  }
  const leads = (other?: ChildProcess) =>
    until("a node leads", () => leader !== undefined && leader !== other, START_MS);
  await leads();
  await until("all nodes serve", () => ports.length === NODES, START_MS);
  const balancer = createTcpBalancer(ports).listen(0, "127.0.0.1");
  await once(balancer, "listening");
  onTestFinished(() => void balancer.close());
  return {
    url: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`,
    async killLeader() {
      const killed = leader;
      killed?.kill("SIGKILL");
      await leads(killed);
    },
  };
}
