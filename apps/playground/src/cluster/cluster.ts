import { freePort } from "@statestream/redis-server";
import { FRAMEWORKS } from "../frameworks.ts";
import { startBalancer } from "./balancer.ts";
import { type NodeProcess, startNode } from "./node-process.ts";
import { HOST, portFor } from "./ports.ts";
import { startRedis } from "./redis-server.ts";
import { type ClusterStatus, leaderOf, type Order } from "./status.ts";
import { until } from "./until.ts";

export interface ClusterOptions {
  /** Of the balancer; 0: any. */
  readonly port: number;
  /** Called with a line for each thing that happens. */
  readonly log: (line: string) => void;
  /** The cluster cannot go on. */
  readonly onFailure: (reason: string) => void;
}

export interface Cluster {
  /** Where the balancer is, without a slash at the end. */
  readonly url: string;
  readonly status: ClusterStatus;
  /** Ends every process. */
  close(): Promise<void>;
}

const RESTART_MS = 4000;
const START_MS = 20_000;

/** Redis, a node on each framework, and a balancer in front: every one a child of this process. */
export async function startCluster({ port, log, onFailure }: ClusterOptions): Promise<Cluster> {
  /** What there is to end, the newest first. */
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0)) await end();
  };
  try {
    const balancerPort = await portFor(port);
    const nodes: NodeProcess[] = [];
    let isRedisUp = false;
    const status = (): ClusterStatus => ({ nodes: nodes.map((node) => node.status), isRedisUp });
    const tellNodes = (): void => {
      for (const node of nodes) node.send(status());
    };
    const redis = await startRedis((isUp) => {
      isRedisUp = isUp;
      // Neither its first start nor its end with everything else is news.
      if (closers.length > 0) log(isUp ? "Redis is up again." : "Redis is gone; the page can start it again.");
      tellNodes();
    });
    closers.unshift(() => redis.stop());
    const onOrder = (order: Order): void => {
      if ("kill" in order) nodes.find((node) => node.status.pid === order.kill)?.kill();
      else if (order.redis === "kill") void redis.kill();
      else void redis.start().catch(() => {});
    };
    closers.unshift(() => Promise.all(nodes.map((node) => node.close())).then(() => undefined));
    for (const framework of FRAMEWORKS) {
      const onExit = (pid: number): void =>
        log(`The node on ${framework}, process ${pid}, is gone; another starts in ${RESTART_MS / 1000} s.`);
      const options = { framework, redisUrl: redis.url, restartMs: RESTART_MS, onChange: tellNodes, onOrder, onExit };
      nodes.push(startNode({ ...options, port: await freePort() }));
    }

    const ports = nodes.map((node) => node.status.port);
    const balancer = await startBalancer(balancerPort, ports, () => onFailure("The balancer ended."));
    closers.unshift(() => balancer.close());
    const url = `http://${HOST}:${balancerPort}`;
    const isServing = (): boolean => nodes.every((node) => node.status.report) && leaderOf(status()) !== undefined;
    await until("three nodes, one of which leads", isServing, START_MS);
    await until("the balancer answers", () => isHealthy(url), START_MS);
    log(`Redis: ${redis.url}, only in memory`);
    for (const { framework, port: own, pid } of status().nodes)
      log(`${framework}: http://${HOST}:${own}, process ${pid}`);
    log(`In front: ${balancer.name}`);
    return {
      url,
      get status() {
        return status();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false;
  }
}
