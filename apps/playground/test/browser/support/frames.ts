import type { Page } from "playwright-core";

const LATENCY_MS = 200;

/** Delays everything that the page sends and receives. */
export async function slowDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const unlimited = { downloadThroughput: -1, uploadThroughput: -1 };
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: LATENCY_MS, ...unlimited });
}

/** Looks at the page in every frame. Returns what it saw of a task: its columns, one after another. */
export async function watch(page: Page): Promise<(id: string) => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: Record<string, string[]> = {};
    Object.assign(globalThis, { seen });
    const look = (): void => {
      const places: Record<string, string> = {};
      for (const task of document.querySelectorAll(".task")) {
        const column = task.closest(".column")?.getAttribute("aria-label") ?? "";
        places[task.id] = task.id in places ? "twice" : column;
      }
      for (const id of new Set([...Object.keys(places), ...Object.keys(seen)])) {
        const columns = (seen[id] ??= []);
        const now = places[id] ?? "gone";
        if (columns.at(-1) !== now) columns.push(now);
      }
      requestAnimationFrame(look);
    };
    look();
  });
  return (id) => page.evaluate((task) => (globalThis as unknown as { seen: Record<string, string[]> }).seen[task]!, id);
}

/** The tasks of each column, as the page shows them. */
export function idsOf(page: Page): Promise<string[][]> {
  return page
    .locator(".column")
    .evaluateAll((all) => all.map((one) => [...one.querySelectorAll(".task")].map(({ id }) => id)));
}

/** The epoch of the stream, as its first event ID has it. */
export async function epochOf(url: string): Promise<string> {
  const response = await fetch(`${url}/events`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let id: string | undefined;
  while (id === undefined) {
    text += (await reader?.read())?.value ?? "";
    id = /^id: (.*)\n/m.exec(text)?.[1];
  }
  await reader?.cancel();
  return id.split(".")[0] ?? "";
}
