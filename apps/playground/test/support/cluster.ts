import { redisServerVersion } from "@statestream/redis-server";
import { onTestFinished } from "vitest";
import { type Cluster, startCluster } from "../../src/cluster/cluster.ts";

export const HAS_REDIS: boolean = redisServerVersion() !== undefined;

/** Behind a test's name. */
export const WITHOUT_REDIS: string = HAS_REDIS ? "" : " (skipped: no redis-server on this machine)";

/** The whole cluster, but its parent is this process. */
export async function startTestCluster(): Promise<Cluster> {
  const onFailure = (reason: string): never => {
    throw new Error(reason);
  };
  const cluster = await startCluster({ port: 0, log: () => {}, onFailure });
  onTestFinished(() => cluster.close());
  return cluster;
}
