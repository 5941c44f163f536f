import { createRedisBackplane } from "@statestream/redis";
import { createClient } from "redis";
import { FRAMEWORKS } from "../frameworks.ts";
import { readPages } from "../pages.ts";
import { HEARTBEAT_MS } from "../playground.ts";
import { readReadme } from "../readme.ts";
import { startServer } from "../server.ts";
import { createMember } from "./member.ts";
import type { ClusterStatus, NodeMessage } from "./status.ts";

// One node of the cluster, a child process of cluster/main.ts: framework, port, and where Redis is.

const REPORT_MS = 250;
/** So that an order's answer is on its way before the order is carried out, maybe on this process. */
const ORDER_DELAY_MS = 50;
/** Much shorter than usual: somebody watches how another node takes over. */
const LEASE_MS = 2000;
const RETRY_MS = 250;

const [, , name, port, url] = process.argv;
const framework = FRAMEWORKS.find((known) => known === name);
if (framework === undefined || port === undefined || url === undefined)
  throw new Error("Start cluster/main.js instead.");

let status: ClusterStatus = { nodes: [], isRedisUp: true };
process.on("message", (message) => (status = message as ClusterStatus));
// Without its parent nobody would end it.
process.on("disconnect", () => process.exit());

let lastError = "";
const backplane = createRedisBackplane({
  redis: createClient({ url }),
  leaseMs: LEASE_MS,
  stream: { heartbeatMs: HEARTBEAT_MS, retryMs: RETRY_MS },
  onError({ message }) {
    // While Redis is away, the same is said at each attempt.
    if (message !== lastError) console.error(`${framework}: ${message}`);
    lastError = message;
  },
});

let isServing = false;
const send = (message: NodeMessage): void => {
  if (process.connected) process.send?.(message);
};
const report = (): void => {
  if (isServing) send({ report: member.report() });
};
const member = createMember({
  backplane,
  text: readReadme(),
  pages: readPages(),
  status: () => status,
  order: (order) => void setTimeout(() => send({ order }), ORDER_DELAY_MS),
  onLeadership: report,
});
const server = await startServer(member, { framework, port: Number(port), host: "127.0.0.1" });
isServing = true;
report();
setInterval(report, REPORT_MS).unref();

process.once("SIGTERM", () => void server.close().then(() => process.exit()));
