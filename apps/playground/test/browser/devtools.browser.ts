import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { build } from "vite";
import { expect, onTestFinished, test } from "vitest";
import { describeInBrowser, newestConnection } from "./support/browser.ts";

/** A page with hostile styles and no framework, that follows two streams and mounts the panel. */
const PAGE = `<!doctype html><html lang="en"><title>A foreign page</title>
<style>* { color: hotpink !important; font-family: cursive; letter-spacing: 4px; text-transform: uppercase; font-size: 40px !important; display: block !important }</style>
<h1>A foreign page</h1><script type="module" src="/page.js"></script></html>`;

const SCRIPT = `
  import { createStateClient } from "@statestream/client";
  import { mountDevtools } from "@statestream/devtools";
  window.clients = { orders: createStateClient("/orders"), chat: createStateClient("/chat") };
  window.panel = mountDevtools(window.clients);
`;

const source = (name: string): string => fileURLToPath(new URL(`../../../../packages/${name}`, import.meta.url));

async function bundled(): Promise<string> {
  const entry = "\0page.js";
  const built = await build({
    configFile: false,
    logLevel: "silent",
    resolve: {
      alias: {
        "@statestream/client": source("client/src/index.ts"),
        "@statestream/core/patch": source("core/src/patch.ts"),
        "@statestream/devtools": source("devtools/src/index.ts"),
      },
    },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: { write: false, rollupOptions: { input: entry } },
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? SCRIPT : undefined),
      },
    ],
  });
  const [first] = [built].flat() as { output: { code: string }[] }[];
  return first?.output[0]?.code ?? "";
}

async function foreignPage() {
  const orders = createStateStream({ initialState: { orders: [] as { id: number; sum: number }[], open: 0 } });
  const chat = createStateStream({ initialState: { messages: ["hello"] } });
  const script = await bundled();
  const server = createServer((req, res) => {
    const path = req.url?.replace(/\?.*/, "");
    if (path === "/orders") writeStateStream(req, res, orders);
    else if (path === "/chat") writeStateStream(req, res, chat);
    else if (path === "/page.js") res.setHeader("content-type", "text/javascript").end(script);
    else if (path === "/") res.setHeader("content-type", "text/html").end(PAGE);
    else res.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { orders, chat, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describeInBrowser("the developer tools on a foreign page", (visit) => {
  test("show several clients, step through states, pause and copy, untouched by the page's style", async () => {
    const { orders, chat, url } = await foreignPage();
    const { context, complaints } = await visit();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await context.newPage();
    await page.goto(url);
    await page.getByRole("button", { name: "Statestream" }).click();
    await expect.poll(() => newestConnection(page)).toContain("snapshot (connect)");
    const title = page.getByRole("heading", { name: "Inspector" });
    const style = await title.evaluate((element) => {
      const { fontSize, fontFamily, color, letterSpacing, textTransform } = getComputedStyle(element);
      return [fontSize, fontFamily.split(",")[0], color, letterSpacing, textTransform];
    });
    expect(style).toEqual(["15px", "system-ui", "rgb(23, 32, 42)", "normal", "none"]);

    orders.set("orders", [{ id: 1, sum: 10 }]);
    await expect.poll(() => page.getByRole("option", { name: /state.update/ }).count()).toBe(1);
    orders.set("orders", ([first]) => [{ ...first, id: 1, sum: 25 }]);
    const detail = page.getByRole("region", { name: "Newest event" });
    await expect.poll(() => detail.textContent()).toContain("replace /0/sum 25");
    const slices = page.getByRole("region", { name: "Slices and their changes" });
    expect(await slices.textContent()).toContain("replace /0/sum");

    const tree = page.getByRole("region", { name: "The state as a tree" });
    await expect.poll(() => tree.textContent()).toContain("sum 25");
    await page.getByRole("button", { name: "Earlier" }).click();
    await expect.poll(() => tree.textContent()).toContain("sum 10");
    await page.getByRole("button", { name: "Copy state" }).click();
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toContain('"sum": 10');
    await page.getByRole("button", { name: "Now" }).click();
    await expect.poll(() => tree.textContent()).toContain("sum 25");

    await page.getByRole("button", { name: "Pause" }).click();
    orders.set("open", 7);
    await expect.poll(() => page.getByText("1 event since").count()).toBe(1);
    expect(await tree.textContent()).toContain("open 0");
    await page.getByRole("button", { name: "Continue" }).click();
    await expect.poll(() => tree.textContent()).toContain("open 7");

    await page.getByRole("combobox", { name: "Client" }).selectOption("chat");
    chat.set("messages", (messages) => [...messages, "world"]);
    await expect.poll(() => tree.textContent()).toContain('"world"');
    await page.getByRole("button", { name: "Close the inspector" }).click();
    await expect.poll(() => page.getByRole("button", { name: "Statestream" }).count()).toBe(1);
    await page.evaluate("window.panel.unmount()");
    expect(await page.locator("statestream-devtools").count()).toBe(0);
    expect(await page.evaluate("window.clients.chat.getStatus().status")).toBe("live");
    expect(complaints).toEqual([]);
  });
});
