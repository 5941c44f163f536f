import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { AddressInfo } from "node:net";
import { createStateClient } from "@statestream/client";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { HOST } from "../../src/cluster/ports.ts";
import { leaderOf } from "../../src/cluster/status.ts";
import { createTcpBalancer } from "../../src/cluster/tcp-balancer.ts";
import { readReadme } from "../../src/readme.ts";
import type { PlaygroundState } from "../../src/state.ts";
import { HAS_REDIS, startTestCluster, WITHOUT_REDIS } from "../support/cluster.ts";

interface Follower {
  readonly client: ReturnType<typeof createStateClient<PlaygroundState>>;
  /** The process of each response, and the reasons of the snapshots. */
  readonly pids: readonly number[];
  readonly snapshots: readonly string[];
}

async function follow(url: string): Promise<Follower> {
  const pids: number[] = [];
  const snapshots: string[] = [];
  const client = createStateClient<PlaygroundState>(`${url}/events`, {
    async fetch(input, init) {
      const response = await fetch(input, init);
      pids.push(Number(response.headers.get("x-pid")));
      return response;
    },
    onEvent(event) {
      if (event.type === "state.initial") snapshots.push(event.reason);
    },
  });
  onTestFinished(() => client.close());
  await client.ready;
  return { client, pids, snapshots };
}

/** As the page does it: a request that is cut off in the middle is repeated. */
async function add(url: string, title: string): Promise<number> {
  const headers = { "idempotency-key": crypto.randomUUID() };
  for (let attempt = 0; attempt < 10; attempt++) {
    const response = await fetch(`${url}/api/tasks`, {
      method: "POST",
      headers,
      body: JSON.stringify({ title }),
    }).catch(() => {});
    if (response?.headers.get("content-type") === "application/json") return response.status;
    await delay(100);
  }
  throw new Error("No node answers.");
}

function titles({ client }: Follower): string[] | undefined {
  return client
    .getState()
    ?.board.todo.slice(2)
    .map(({ title }) => title);
}

async function order(url: string, path: string): Promise<number> {
  return (await fetch(`${url}/api/cluster/${path}`, { method: "POST" })).status;
}

/** The built-in balancer before the same nodes: where HAProxy is installed, the cluster's own is that. */
async function builtIn({ status }: Cluster): Promise<string> {
  const server = createTcpBalancer(status.nodes.map(({ port }) => port)).listen(0, HOST);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://${HOST}:${(server.address() as AddressInfo).port}`;
}

const WITHIN = { timeout: 15_000, interval: 20 };

describe.skipIf(!HAS_REDIS)(`the cluster${WITHOUT_REDIS}`, { timeout: 60_000 }, () => {
  test.each(["its own", "the built-in"])(
    "a client of a node that is killed goes on at another without a snapshot, behind %s balancer",
    async (which) => {
      const cluster = await startTestCluster();
      const url = which === "its own" ? cluster.url : await builtIn(cluster);
      const follower = await follow(url);
      expect(await add(url, "before")).toBe(201);
      await expect.poll(() => titles(follower), WITHIN).toEqual(["before"]);

      const [killed] = follower.pids;
      expect(await order(url, `nodes/${killed}/kill`)).toBe(202);
      await expect.poll(() => cluster.status.nodes.some(({ pid }) => pid === killed), WITHIN).toBe(false);
      // If the leader was killed, the change waits until another leads.
      expect(await add(cluster.url, "after")).toBe(201);
      await expect.poll(() => titles(follower), WITHIN).toEqual(["before", "after"]);
      await expect.poll(() => follower.client.getStatus().status, WITHIN).toBe("live");
      expect(follower.client.getStatus().resumed).toBe(true);
      expect(follower.pids.at(-1)).not.toBe(killed);
      expect(cluster.status.nodes.map(({ pid }) => pid)).toContain(follower.pids.at(-1));
      expect(follower.snapshots).toEqual(["connect"]);
      // And it is back.
      await expect.poll(() => cluster.status.nodes.every(({ report }) => report !== undefined), WITHIN).toBe(true);
    },
  );

  test("no change is lost when the leader is killed, and the next goes on where it was", async () => {
    const cluster = await startTestCluster();
    const follower = await follow(cluster.url);
    const leader = leaderOf(cluster.status);
    const asked = Array.from({ length: 30 }, (_, index) => `task ${index}`);
    const answers = asked.map(async (title, index) => {
      if (index === 10) await order(cluster.url, `nodes/${leader?.pid}/kill`);
      return add(cluster.url, title);
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set([201]));
    // Once each, though the answer to one may have been lost with the leader.
    await expect.poll(() => titles(follower)?.toSorted(), WITHIN).toEqual(asked.toSorted());
    const ids = follower.client.getState()?.board.todo.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids?.length);
    expect(leaderOf(cluster.status)?.pid).not.toBe(leader?.pid);
    // The text goes on: a new leader does not begin it again.
    const text = (): string => follower.client.getState()?.transcript.text ?? "";
    const typed = text();
    await expect.poll(() => text().length, WITHIN).toBeGreaterThan(typed.length + 50);
    expect(readReadme().content.startsWith(text())).toBe(true);
    expect(follower.snapshots).toEqual(["connect"]);
  });

  test("clients are stale while Redis is gone, and need no snapshot when an empty one is back", async () => {
    const cluster = await startTestCluster();
    const follower = await follow(cluster.url);
    expect(await order(cluster.url, "redis/kill")).toBe(202);
    await expect.poll(() => follower.client.getStatus().status, WITHIN).toBe("stale");
    expect(cluster.status.isRedisUp).toBe(false);
    // Sent to the leader once Redis is back, and answered when Redis has the change.
    const meanwhile = add(cluster.url, "meanwhile");
    expect(await order(cluster.url, "redis/start")).toBe(202);
    expect(await meanwhile).toBe(201);
    await expect.poll(() => titles(follower), WITHIN).toEqual(["meanwhile"]);
    await expect.poll(() => follower.client.getStatus().status, WITHIN).toBe("live");
    expect(follower.snapshots).toEqual(["connect"]);
    expect(follower.pids).toHaveLength(1);
  });
});
