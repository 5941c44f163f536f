import { expect, test } from "vitest";
import { HAS_REDIS, startTestCluster, WITHOUT_REDIS } from "../support/cluster.ts";
import { boardOf, describeInBrowser, isLive, newestConnection } from "./support/browser.ts";

describeInBrowser("the page of a cluster", (visit) => {
  test.skipIf(!HAS_REDIS)(`goes on at another node when it kills its own${WITHOUT_REDIS}`, async () => {
    const cluster = await startTestCluster();
    const { open, complaints } = await visit();
    const page = await open(cluster.url);
    const serving = page.locator(".node[aria-current=true] strong");
    const add = async (title: string): Promise<void> => {
      await page.getByRole("textbox", { name: "A new task" }).fill(title);
      await page.keyboard.press("Enter");
    };
    const kill = page.getByRole("button", { name: "Kill the node that serves this page" });
    await expect.poll(() => kill.isEnabled()).toBe(true);
    const before = (await serving.textContent()) ?? "";
    await add("before");
    await expect.poll(async () => (await boardOf(page))[0]).toContain("before");

    await kill.click();
    await expect.poll(() => page.locator(".node[data-role=down] strong").allTextContents()).toEqual([before]);
    // While nobody may lead.
    await add("after");
    await expect.poll(() => newestConnection(page)).toMatch(/resumed with \d+ events?, .+ after \d+\.\d s/);
    await isLive(page);
    await expect.poll(() => serving.count()).toBe(1);
    const after = (await serving.textContent()) ?? "";
    expect(after).not.toBe(before);
    expect(await newestConnection(page)).toContain(after);
    expect(await page.locator(".cluster .note").first().textContent()).toMatch(
      new RegExp(`^resumed on ${after} after \\d+\\.\\d s$`),
    );
    await expect.poll(async () => (await boardOf(page))[0]?.slice(-2)).toEqual(["before", "after"]);
    // The killed one is back.
    await expect.poll(() => page.locator(".node[data-role=down]").count()).toBe(0);
    expect(complaints.filter((text) => !text.startsWith("Failed to load resource: "))).toEqual([]);
  });

  test.skipIf(!HAS_REDIS)(`says that it is stale while Redis is gone, on a phone too${WITHOUT_REDIS}`, async () => {
    const cluster = await startTestCluster();
    const { open, complaints } = await visit();
    const page = await open(cluster.url);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: "Kill Redis" }).click();
    await expect.poll(() => page.getByRole("status").textContent()).toBe("Stale");
    await expect.poll(() => page.locator(".node", { hasText: "stale since" }).count()).toBe(3);
    await page.getByRole("textbox", { name: "A new task" }).fill("While Redis is away");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(".board [aria-live]").textContent()).toContain("It is kept");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.getByRole("button", { name: "Start Redis" }).click();
    await isLive(page);
    expect(await newestConnection(page)).toContain("snapshot (connect)");
    await expect.poll(async () => (await boardOf(page))[0]).toContain("While Redis is away");
    expect(complaints).toEqual([]);
  });
});
