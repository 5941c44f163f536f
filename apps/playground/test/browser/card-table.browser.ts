import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { start } from "../../../examples/test/src/support.ts";
import { describeInBrowser, isLive } from "./support/browser.ts";

const SEATS = ["north", "east", "south", "west"];

const handOf = (page: Page): Promise<string[]> =>
  page.getByRole("group", { name: "Your hand" }).getByRole("button").allTextContents();

describeInBrowser("the example card-table-hono", (visit) => {
  test("gives four pages their own hands, and ends those of a seat that signs out at once", async () => {
    const { url } = await start("card-table-hono");
    const pages = await Promise.all(
      SEATS.map(async (seat) => {
        const page = await (await visit()).open(url);
        await page.getByRole("button", { name: seat }).click();
        await expect.poll(async () => (await handOf(page)).length).toBe(13);
        return page;
      }),
    );
    const hands = await Promise.all(pages.map(handOf));
    expect(new Set(hands.flat()).size).toBe(52);

    const [north, ...others] = pages as [Page, ...Page[]];
    const card = hands[0]?.[0] ?? "";
    await north.getByRole("button", { name: card, exact: true }).click();
    for (const page of pages)
      await expect.poll(() => page.locator("#played li").allTextContents()).toEqual([`north: ${card}`]);
    await expect.poll(() => others[0]?.locator("#counts").textContent()).toContain("north 12");

    const second = await north.context().newPage();
    await second.goto(url);
    await isLive(second);
    await expect.poll(async () => (await handOf(second)).length).toBe(12);
    await north.getByRole("button", { name: "Sign out" }).click();
    for (const page of [north, second]) {
      await expect.poll(() => page.getByRole("status").textContent()).toBe("Signed out");
      expect(await handOf(page)).toEqual([]);
    }
    for (const page of others) expect(await handOf(page)).toHaveLength(13);
    await second.reload();
    await isLive(second);
    expect(await handOf(second)).toEqual([]);
  });
});
