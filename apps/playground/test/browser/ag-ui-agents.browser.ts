import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeAgUi } from "@statestream/ag-ui";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import type { Page } from "playwright-core";
import { build } from "vite";
import { expect, onTestFinished, test } from "vitest";
import { Changes, randomOf, type TestState } from "../../../../packages/ag-ui/test/support/changes.ts";
import { cutLine } from "../../../../packages/ag-ui/test/support/cut-line.ts";
import { describeInBrowser, type Visitor } from "./support/browser.ts";

const agUi = (path: string): string => fileURLToPath(new URL(`../../../../packages/ag-ui/${path}`, import.meta.url));

/** The agents as a script. Only what is ours comes from the sources; @ag-ui/client is as it was installed. */
async function bundled(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { alias: { "@statestream/ag-ui/client": agUi("src/client.ts") } },
    build: { write: false, rolldownOptions: { input: agUi("test/support/page.ts") } },
  });
  if (!("output" in built)) throw new Error("Nothing was built.");
  return built.output[0].code;
}

/** What the page has for its tests. */
interface Agent {
  readonly state: object;
  readonly messages: unknown[];
  subscribe(subscriber: { onEvent(params: { event: { type: string; code?: string } }): void }): void;
  runAgent(): Promise<unknown>;
  connectAgent(): Promise<unknown>;
}

declare const agents: Record<"HttpAgent" | "StateStreamAgent", new (config: { url: string }) => Agent>;
declare let agent: Agent;
declare let events: string[];

/** A stream, and a page on the other side of a line that can be cut, with an agent of its own. */
async function open(visitor: Visitor, kind: keyof typeof agents) {
  const script = await bundled();
  // Waits are as long as the server says, and it says none: a thousand of them are part of the test.
  const stream = createStateStream<TestState>({ initialState: { messages: [], "a/b": { x: 1 } }, retryMs: 1 });
  const server = createServer((req, res) => {
    if (req.url === "/page.js") res.setHeader("content-type", "text/javascript").end(script);
    else if (req.url === "/")
      res.setHeader("content-type", "text/html").end(`<script type="module" src="/page.js"></script>`);
    else if (req.url?.startsWith("/agent") === true) void writeAgUi(req, res, stream, { messages: "messages" });
    else res.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const line = await cutLine(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const page = await visitor.context.newPage();
  await page.addInitScript("Math.random = () => 0");
  await page.goto(line.url);
  await page.waitForFunction("globalThis.agents");
  await page.evaluate((name) => {
    Object.assign(globalThis, { agent: new agents[name]({ url: "/agent" }), events: [] });
    agent.subscribe({ onEvent: ({ event }) => void events.push(event.code ?? event.type) });
  }, kind);
  return { stream, line, page };
}

/** Whether the agent of a page has what the stream has. */
async function expectEqual(page: Page, stream: WritableStateStream<TestState>): Promise<void> {
  const { messages, ...state } = stream.state;
  expect(await page.evaluate(() => ({ state: agent.state, messages: agent.messages }))).toEqual({ state, messages });
}

describeInBrowser("The agents of AG-UI", (visit) => {
  test("an unmodified HttpAgent ends each run on the server's state, after random changes of every kind", async () => {
    const visitor = await visit();
    const { stream, page } = await open(visitor, "HttpAgent");
    for (const seed of [1, 2, 3]) {
      const changes = new Changes(stream, seed);
      const run = page.evaluate(() => agent.runAgent());
      await expect.poll(() => stream.stats().connections).toBe(1);
      for (let count = 0; count < 300; count++) {
        changes.change();
        if (count % 3 === 0) await sleep(1);
      }
      for (const connection of stream.connections) connection.end("closed");
      await run;
      await expectEqual(page, stream);
    }
    expect(visitor.complaints).toEqual([]);
  });

  test("a StateStreamAgent is equal after 1,000 random cuts among changes of every kind, and is sent one snapshot", async () => {
    const visitor = await visit();
    const { stream, line, page } = await open(visitor, "StateStreamAgent");
    const changes = new Changes(stream, 1);
    const below = randomOf(2);
    const change = (): void => {
      for (let count = below(3); count > 0; count--) changes.change();
    };
    const followed = page.evaluate(() => agent.connectAgent());
    await page.waitForFunction("events.includes('MESSAGES_SNAPSHOT')");
    for (let cut = 0; cut < 1000; cut++) {
      const { count } = line;
      if (below(2) === 0) {
        // In the middle of what comes next, wherever that is.
        line.cut(1 + below(2000));
        while (line.count === count) {
          changes.change();
          await sleep(1);
        }
      } else {
        change();
        await sleep(below(3));
        line.cut();
      }
      change();
      while (line.count === count) await sleep(1);
      // Sometimes before the agent has been answered.
      await sleep(below(6));
    }
    await stream.close();
    await followed;
    await expectEqual(page, stream);
    expect(stream.stats().snapshots).toEqual({ connect: 1 });
    expect(await page.evaluate(() => events.filter((type) => type === "STATE_SNAPSHOT").length)).toBe(1);
    expect(await page.evaluate(() => events.at(-1))).toBe("RUN_FINISHED");
    // Chromium reports each line that was cut; nothing else may be heard.
    expect(visitor.complaints.filter((text) => !text.includes("net::ERR_"))).toEqual([]);
  }, 240_000);
});
