import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, documents, fencesOf, publishedPackages, ROOT } from "./support/blocks.ts";
import { installPacked } from "./support/packed.ts";
import { nameOf, run, runsAsServer, served } from "./support/programs.ts";

const all = documents().flatMap(blocksOf);
/** Here, so that modules find what this package depends on. */
const directory = `${ROOT}.blocks-${process.pid}/`;

/** What readers have in a file of their own, where a block imports it. */
const CLIENT = `import { createStateClient } from "@statestream/client";
export const client = createStateClient<{ count: number }>("/events");
`;
const BUNDLER = `interface ImportMeta { readonly env: { readonly DEV: boolean }; readonly hot?: { dispose(run: () => void): void } }\n`;

beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  installPacked(publishedPackages(), directory);
  writeFileSync(`${directory}client.ts`, CLIENT);
  writeFileSync(`${directory}bundler.d.ts`, BUNDLER);
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the extraction takes every fence of code that there is", () => {
  const taken = Object.fromEntries(documents().map((document) => [document, blocksOf(document).length]));
  expect(taken).toEqual(Object.fromEntries(documents().map((document) => [document, fencesOf(document)])));
  expect(all.length).toBeGreaterThan(80);
});

test(
  "every block compiles against the packed packages, under the strictest options",
  { timeout: 120_000 },
  async () => {
    for (const block of all) writeFileSync(`${directory}${nameOf(block)}.${block.language}`, block.code);
    writeFileSync(
      `${directory}tsconfig.json`,
      JSON.stringify({
        extends: "../../../tsconfig.base.json",
        compilerOptions: {
          module: "esnext",
          moduleResolution: "bundler",
          jsx: "react-jsx",
          lib: ["es2023", "dom", "dom.iterable"],
          noUnusedLocals: false,
          erasableSyntaxOnly: false,
          experimentalDecorators: true,
          allowJs: true,
          checkJs: true,
        },
        include: ["*"],
      }),
    );
    // The compiler of the workspace, which is not the one that typedoc needs.
    const tsc = createRequire(new URL("../../../package.json", import.meta.url)).resolve("typescript/package.json");
    const { stdout } = await promisify(execFile)(process.execPath, [
      tsc.replace("package.json", "bin/tsc"),
      "-p",
      directory,
    ]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  },
);

const servers = all.filter(runsAsServer);
test.each(servers.map((block) => [block.title, block] as const))(
  "the server of %s serves its stream",
  async (_, block) => {
    const { port } = await served(directory, block);
    const path = /"(\/agent)"/.exec(block.code)?.[1] ?? "/events";
    const response = await fetch(`http://localhost:${port}${path}`);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    const isComplete = () => /"state\.update"|event: state\.update|"STATE_SNAPSHOT"/.test(text);
    while (!isComplete()) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
    await reader?.cancel();
    expect(text).toMatch(/"slices":\{"count":|"STATE_SNAPSHOT"/);
    expect(isComplete()).toBe(true);
  },
);

test(
  "the README's client prints the state of the README's server, also after a restart",
  { timeout: 30_000 },
  async () => {
    const [server, client] = ["server.mjs", "client.mjs"].map((name) =>
      all.find(({ document, code }) => document === "README.md" && code.includes(`// ${name}`)),
    );
    if (server === undefined || client === undefined) throw new Error("The README has no such block.");
    const first = await served(directory, server);
    const { output } = run(directory, { ...client, code: client.code.replace("3000", String(first.port)) });
    await expect.poll(output, { timeout: 10_000 }).toMatch(/\{ count: [12] \}\n[^]*\{ count: 3 \}\n/);
    first.child.kill("SIGKILL");
    await first.exit;
    const length = output().length;
    await served(directory, server, first.port);
    await expect
      .poll(() => output().slice(length), { timeout: 15_000 })
      .toMatch(/\{ count: \d+ \}\n\{ count: \d+ \}\n/);
  },
);

const programs = all.filter(({ code }) => code.includes('from "node:assert"'));
test.each(programs.map((block) => [block.title, block] as const))("the test of %s passes", async (_, block) => {
  const { exit, output } = run(directory, block);
  expect([await exit, output().replace(/^port \d+\n/, "")]).toEqual([0, ""]);
});

test("the documents have the programs that are started here", () => {
  expect([servers.length, programs.length]).toEqual([12, 3]);
});
