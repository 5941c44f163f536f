import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject } from "vitest";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a test has of the browser. */
export interface Visitor {
  readonly context: BrowserContext;
  /** A new tab, once what it shows is live. */
  readonly open: (url: string) => Promise<Page>;
  /** What its tabs complained of. */
  readonly complaints: readonly string[];
}

/** Tests in a browser, skipped with the reason in their name where there is none. */
export function describeInBrowser(name: string, define: (visit: () => Promise<Visitor>) => void): void {
  const path = inject("chromium");
  const reason = path === "" ? " (skipped: no Chromium on this machine)" : "";
  describe.skipIf(path === "")(`${name}${reason}`, () => {
    let browser: Browser;
    let contexts: BrowserContext[] = [];

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: path, args: FLAGS });
    });
    afterEach(async () => {
      await Promise.all(contexts.map((context) => context.close()));
      contexts = [];
    });
    afterAll(() => browser?.close());

    define(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      return visitorOf(context);
    });
  });
}

function visitorOf(context: BrowserContext): Visitor {
  const complaints: string[] = [];
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return {
    context,
    complaints,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      await isLive(page);
      return page;
    },
  };
}

export async function isLive(page: Page): Promise<void> {
  await expect.poll(() => page.getByRole("status").textContent()).toBe("Live");
}

/** How its newest connection began. */
export async function newestConnection(page: Page): Promise<string> {
  return (
    (await page.getByRole("list", { name: "Connections, newest first" }).locator("li").first().textContent()) ?? ""
  );
}

/** The titles of each column, as the page shows them. */
export function boardOf(page: Page): Promise<string[][]> {
  return page
    .locator(".column")
    .evaluateAll((columns) =>
      columns.map((column) => [...column.querySelectorAll(".task > span")].map((title) => title.textContent)),
    );
}
