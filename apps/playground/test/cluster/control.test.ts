import { expect, test } from "vitest";
import { answerControl } from "../../src/cluster/control.ts";
import type { ClusterStatus, Order } from "../../src/cluster/status.ts";

const STATUS: ClusterStatus = {
  nodes: [
    { framework: "hono", port: 1, pid: 100, report: undefined },
    { framework: "koa", port: 2, pid: undefined, report: undefined },
  ],
  isRedisUp: true,
};

function ask(method: string, path: string): { status: number; body: unknown; orders: readonly Order[] } {
  const orders: Order[] = [];
  const { status, body } = answerControl({ method, path, body: "" }, STATUS, (order) => orders.push(order));
  return { status, body: JSON.parse(String(body)), orders };
}

test("returns the status from the parent", () => {
  expect(ask("GET", "/api/cluster")).toMatchObject({
    status: 200,
    body: { nodes: [{ pid: 100 }, {}], isRedisUp: true },
  });
});

test.each([
  ["/api/cluster/nodes/100/kill", { kill: 100 }],
  ["/api/cluster/redis/kill", { redis: "kill" }],
  ["/api/cluster/redis/start", { redis: "start" }],
])("sends the order for %s", (path, order) => {
  expect(ask("POST", path)).toMatchObject({ status: 202, orders: [order] });
  expect(ask("GET", path)).toMatchObject({ status: 405, orders: [] });
});

test.each([
  // Any other process of the machine, this one for example.
  [`/api/cluster/nodes/${process.pid}/kill`, "unknown-process"],
  ["/api/cluster/nodes/undefined/kill", "not-found"],
  ["/api/cluster/redis/stop", "not-found"],
  ["/api/clusters", "not-found"],
])("orders nothing at %s", (path, code) => {
  expect(ask("POST", path)).toMatchObject({ status: 404, body: { error: { code } }, orders: [] });
});
