import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { leaderOf } from "../../src/cluster/status.ts";
import { HAS_REDIS, startTestCluster, WITHOUT_REDIS } from "../support/cluster.ts";
import { describeInBrowser, isLive } from "./support/browser.ts";
import { epochOf, idsOf, slowDown, watch } from "./support/frames.ts";

async function killLeader({ url, status }: Cluster): Promise<number | undefined> {
  const pid = leaderOf(status)?.pid;
  expect((await fetch(`${url}/api/cluster/nodes/${pid}/kill`, { method: "POST" })).status).toBe(202);
  return pid;
}

const confirmed = (page: Page) =>
  expect.poll(() => page.locator(".pending").textContent(), { timeout: 20_000 }).toBe("");

describeInBrowser("the user's own moves", (visit) => {
  test.skipIf(!HAS_REDIS)(
    `never go back, at 200 ms of latency and while the leader is killed${WITHOUT_REDIS}`,
    { timeout: 60_000 },
    async () => {
      const cluster = await startTestCluster();
      const { open } = await visit();
      const page = await open(cluster.url);
      await slowDown(page);
      const columns = await watch(page);
      /** To the next column, where it shows at once. */
      const move = async (id: string): Promise<void> => {
        const { length } = await columns(id);
        await page.locator(`#${id}-on`).click();
        await expect.poll(async () => (await columns(id)).length).toBe(length + 1);
      };

      await move("task-1");
      await confirmed(page);
      await move("task-2");
      const killed = await killLeader(cluster);
      await move("task-3");
      await move("task-1");
      expect(await page.locator(".pending").textContent()).toMatch(/^\d changes? not confirmed yet$/);
      await confirmed(page);
      await isLive(page);
      expect(leaderOf(cluster.status)?.pid).not.toBe(killed);
      await move("task-2");
      await confirmed(page);

      expect(await columns("task-1")).toEqual(["To do", "Doing", "Done"]);
      expect(await columns("task-2")).toEqual(["To do", "Doing", "Done"]);
      expect(await columns("task-3")).toEqual(["Doing", "Done"]);
      expect(await page.getByRole("alert").count()).toBe(0);
      // What the page shows is what the server has.
      const other = await open(cluster.url);
      expect(await idsOf(other)).toEqual(await idsOf(page));
    },
  );

  test.skipIf(!HAS_REDIS)(
    `go back, and the page says so, where a failover has lost them${WITHOUT_REDIS}`,
    { timeout: 60_000 },
    async () => {
      const cluster = await startTestCluster();
      const { open } = await visit();
      const page = await open(cluster.url);
      await slowDown(page);
      const columns = await watch(page);
      // A leader that answers before its change is stored, and dies: the position is of its epoch, and never comes.
      const eventId = `${await epochOf(cluster.url)}.zzzzz`;
      await page.route("**/api/tasks/*", (route) =>
        route.fulfill({ status: 204, headers: { "statestream-event-id": eventId } }),
      );
      await page.locator("#task-4-delete").click();
      await expect.poll(() => columns("task-4")).toEqual(["Done", "gone"]);
      expect(await page.locator(".pending").textContent()).toBe("1 change not confirmed yet");
      await killLeader(cluster);
      await expect
        .poll(() => page.getByRole("alert").textContent(), { timeout: 20_000 })
        .toContain("A server died before it had stored your last change: it is lost.");
      await confirmed(page);
      expect(await columns("task-4")).toEqual(["Done", "gone", "Done"]);
    },
  );
});
