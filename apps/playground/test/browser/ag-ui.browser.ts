import { expect, test } from "vitest";
import { start } from "../../../examples/test/src/support.ts";
import { describeInBrowser } from "./support/browser.ts";

describeInBrowser("the example ag-ui", (visit) => {
  test("an answer grows on the page that asked, on another, and on one that is opened in the middle of it", async () => {
    const { url } = await start("ag-ui");
    const visitor = await visit();
    const [asker, other] = [await visitor.open(url), await visitor.open(url)];
    await asker.getByLabel("Question").fill("Why?");
    await asker.keyboard.press("Enter");
    const answer = asker.locator(".assistant");
    await expect.poll(() => answer.textContent()).toContain("The answer");
    const late = await visitor.open(url);
    await late.reload();
    await expect.poll(() => late.locator(".assistant").textContent()).toContain("The answer");
    for (const page of [asker, other, late]) {
      await expect.poll(() => page.locator(".assistant").textContent()).toMatch(/^You asked: Why\? .* as they come\.$/);
      expect(await page.locator(".user").allTextContents()).toEqual(["Why?"]);
    }
    expect(visitor.complaints).toEqual([]);
  });
});
