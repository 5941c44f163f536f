import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";
import { HAS_REDIS, WITHOUT_REDIS } from "../support/cluster.ts";
import { describeInBrowser, isLive } from "./support/browser.ts";
import { epochOf, idsOf, slowDown, watch } from "./support/frames.ts";
import { startTasksCluster } from "./tasks/cluster.ts";

const PAGE = fileURLToPath(new URL("tasks/page.ts", import.meta.url));
const HTML = '<!doctype html><title>Tasks</title><body><script type="module" src="/page.js"></script>';

const pending = (page: Page) => page.locator(".pending").textContent();
const confirmed = (page: Page) => expect.poll(() => pending(page), { timeout: 20_000 }).toBe("0");

describeInBrowser("writes by TanStack DB", (visit) => {
  let script: string;

  beforeAll(async () => {
    const options = { write: false, minify: false, rolldownOptions: { input: PAGE } } as const;
    const { output } = (await build({
      configFile: false,
      logLevel: "warn",
      build: options,
    })) as Rolldown.RolldownOutput;
    script = output[0].code;
  });

  /** The page, on nodes that have the API only, at 200 ms of latency and watched. */
  async function start() {
    const { url, killLeader } = await startTasksCluster();
    const { context, open } = await visit();
    await context.route(`${url}/`, (route) => route.fulfill({ contentType: "text/html", body: HTML }));
    await context.route(`${url}/page.js`, (route) => route.fulfill({ contentType: "text/javascript", body: script }));
    const page = await open(url);
    await slowDown(page);
    return { url, killLeader, open, page, columns: await watch(page) };
  }

  test.skipIf(!HAS_REDIS)(
    `never go back, at 200 ms of latency and while the leader is killed${WITHOUT_REDIS}`,
    { timeout: 60_000 },
    async () => {
      const { url, killLeader, open, page, columns } = await start();
      /** Clicks, and looks at once where the task is. */
      const act = async (button: string, id: string, column: string): Promise<void> => {
        const shown = await page.evaluate(
          ([clicked = "", task = ""]) => {
            document.getElementById(clicked)?.click();
            return document.getElementById(task)?.closest(".column")?.ariaLabel ?? "gone";
          },
          [button, id],
        );
        expect(shown).toBe(column);
      };

      await act("task-1-on", "task-1", "doing");
      await confirmed(page);
      await act("task-2-on", "task-2", "doing");
      const failover = killLeader();
      await act("task-3-on", "task-3", "done");
      await act("task-1-on", "task-1", "done");
      await act("add", "task-5", "todo");
      await act("task-4-delete", "task-4", "gone");
      await failover;
      await confirmed(page);
      await isLive(page);
      await act("task-5-on", "task-5", "doing");
      await act("task-2-on", "task-2", "done");
      await confirmed(page);

      expect(await columns("task-1")).toEqual(["todo", "doing", "done"]);
      expect(await columns("task-2")).toEqual(["todo", "doing", "done"]);
      expect(await columns("task-3")).toEqual(["doing", "done"]);
      expect(await columns("task-4")).toEqual(["done", "gone"]);
      expect(await columns("task-5")).toEqual(["todo", "doing"]);
      expect(await page.getByRole("alert").textContent()).toBe("");
      // What the page shows is what the server has.
      const other = await open(url);
      expect(await idsOf(page)).toEqual([[], ["task-5"], ["task-1", "task-2", "task-3"]]);
      await expect.poll(() => idsOf(other)).toEqual(await idsOf(page));
    },
  );

  test.skipIf(!HAS_REDIS)(
    `go back, and the page says so, where a failover has lost them${WITHOUT_REDIS}`,
    { timeout: 60_000 },
    async () => {
      const { url, killLeader, page, columns } = await start();
      // A leader that answers before its change is stored, and dies: the position is of its epoch, and never comes.
      const eventId = `${await epochOf(url)}.1`;
      await page.route("**/api/tasks/*", (route) =>
        route.fulfill({ status: 204, headers: { "statestream-event-id": eventId } }),
      );
      await page.locator("#task-4-delete").click();
      await expect.poll(() => columns("task-4")).toEqual(["done", "gone"]);
      expect(await pending(page)).toBe("1");
      await killLeader();
      // What shows the loss is the next leader's first change. It has the same number, in another epoch.
      await page.unroute("**/api/tasks/*");
      await fetch(`${url}/api/tasks/task-1`, { method: "PATCH", body: '{"column":"doing"}' });
      await expect.poll(() => page.getByRole("alert").textContent(), { timeout: 20_000 }).toBe("position-lost");
      await confirmed(page);
      expect(await columns("task-4")).toEqual(["done", "gone", "done"]);
      expect(await columns("task-1")).toEqual(["todo", "doing"]);
    },
  );
});
