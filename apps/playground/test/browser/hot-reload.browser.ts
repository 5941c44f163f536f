import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStateStream, type StateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { createServer } from "vite";
import { expect, onTestFinished, test } from "vitest";
import { describeInBrowser } from "./support/browser.ts";

const packages = fileURLToPath(new URL("../../../../packages/", import.meta.url));

/** A module that creates a client beside what it renders, as a component does. */
const moduleOf = (version: number, closes: boolean): string => `
  import { createStateClient } from "@statestream/client";

  const client = createStateClient("/events");
  ${closes ? "import.meta.hot?.dispose(() => client.close());" : ""}
  const render = () => (document.body.textContent = "version ${version} count " + client.getState()?.count);
  client.subscribe(render);
  import.meta.hot.accept();
`;

interface Project {
  readonly url: string;
  readonly stream: StateStream;
  readonly edit: (version: number) => Promise<void>;
}

/** A page that Vite serves for development, and the stream behind it. */
async function startProject(closes: boolean): Promise<Project> {
  const stream = createStateStream({ initialState: { count: 1 } });
  const events = createHttpServer((req, res) => void writeStateStream(req, res, stream));
  await new Promise<void>((resolve) => events.listen(0, "127.0.0.1", resolve));
  const root = await mkdtemp(join(tmpdir(), "hot-reload-"));
  const edit = (version: number): Promise<void> => writeFile(join(root, "main.js"), moduleOf(version, closes));
  await edit(0);
  await writeFile(
    join(root, "index.html"),
    '<link rel="icon" href="data:,"><script type="module" src="/main.js"></script>',
  );
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: "silent",
    cacheDir: join(root, "cache"),
    resolve: {
      alias: [
        { find: "@statestream/client", replacement: `${packages}client/src/index.ts` },
        { find: "@statestream/core/patch", replacement: `${packages}core/src/patch.ts` },
        { find: "#development", replacement: `${packages}client/src/development.ts` },
      ],
    },
    server: {
      host: "127.0.0.1",
      port: 0,
      fs: { strict: false },
      proxy: { "/events": `http://127.0.0.1:${(events.address() as AddressInfo).port}` },
    },
  });
  await vite.listen();
  onTestFinished(async () => {
    await stream.close();
    events.closeAllConnections();
    events.close();
    await vite.close();
    await rm(root, { recursive: true });
  });
  return { url: vite.resolvedUrls?.local[0] as string, stream, edit };
}

describeInBrowser("hot reloading with Vite", (visit) => {
  test("leaves one connection where the module closes its client, however often it is edited", async () => {
    const { url, stream, edit } = await startProject(true);
    const { context, complaints } = await visit();
    const page = await context.newPage();
    await page.goto(url);
    for (let version = 0; version <= 10; version++) {
      if (version > 0) await edit(version);
      await expect.poll(() => page.locator("body").textContent()).toBe(`version ${version} count 1`);
      await expect.poll(() => stream.stats().connections).toBe(1);
    }
    expect(complaints).toEqual([]);
  });

  test("warns at the sixth connection where the module does not close its client", async () => {
    const { url, stream, edit } = await startProject(false);
    const { context, complaints } = await visit();
    const page = await context.newPage();
    await page.goto(url);
    for (let version = 0; version <= 4; version++) {
      if (version > 0) await edit(version);
      await expect.poll(() => page.locator("body").textContent()).toBe(`version ${version} count 1`);
      await expect.poll(() => stream.stats().connections).toBe(version + 1);
    }
    expect(complaints).toEqual([]);
    await edit(5);
    await expect.poll(() => complaints.join()).toMatch(/6 open streams of this page.+import\.meta\.hot\?\.dispose/);
  });
});
