import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { describeInBrowser } from "./support/browser.ts";
import { startPlayground } from "./support/server.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

describeInBrowser("accessibility", (visit) => {
  test.each(["light", "dark"] as const)(
    "axe finds nothing in the %s theme, while values change",
    async (colorScheme) => {
      const { url, stream } = await startPlayground();
      const { open } = await visit();
      const page = await open(url);
      await page.emulateMedia({ colorScheme });
      await page.evaluate(AXE);
      const changing = setInterval(() => stream.append("transcript", "/text", "x "), 50);
      try {
        for (const path of ["/", "/plain.html"]) {
          if (path !== "/") await page.goto(`${url}${path}`);
          await page.evaluate(AXE);
          const found = await page.evaluate<{ violations: Violation[] }>("axe.run()");
          expect(found.violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(" "))])).toEqual(
            [],
          );
        }
      } finally {
        clearInterval(changing);
      }
    },
  );

  test("a page that does not read for longer than the client's patience stays live, and says that it does not read", async () => {
    const { url } = await startPlayground();
    const { open, complaints } = await visit();
    const page = await open(url);
    await page.getByRole("button", { name: "Pause reading" }).click();
    // Two and a half heartbeats are 12.5 seconds.
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    expect(await page.getByRole("status").first().textContent()).toBe("Live, not reading");
    expect(await page.locator(".problem").count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
