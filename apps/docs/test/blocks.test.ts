import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { afterAll, expect, onTestFinished, test } from "vitest";
import ts from "typescript";
import { type Block, blocksOf, pages, ROOT } from "./support/blocks.ts";

const all = pages().flatMap(blocksOf);
/** Here, so that modules find what this package depends on. */
const directory = `${ROOT}.blocks-${process.pid}/`;
mkdirSync(directory, { recursive: true });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function nameOf({ title }: Block): string {
  return title.replaceAll(/\W/g, "-");
}

test("there are code blocks, and none is a fence that the extraction does not know", () => {
  expect(all.length).toBeGreaterThan(25);
});

test("every code block compiles, under the strictest options", { timeout: 120_000 }, async () => {
  for (const block of all) writeFileSync(`${directory}${nameOf(block)}.${block.language}`, block.code);
  const compilerOptions = { module: "esnext", moduleResolution: "bundler", jsx: "react-jsx", noUnusedLocals: false };
  const lib = ["es2023", "dom", "dom.iterable"];
  writeFileSync(
    `${directory}tsconfig.json`,
    JSON.stringify({
      extends: "../../../tsconfig.base.json",
      compilerOptions: { ...compilerOptions, lib, erasableSyntaxOnly: false },
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
});

/** Servers of the pages listen on 3000: this makes it any free port, and prints which. */
const PRELOAD = `
import net from "node:net";
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  this.once("listening", () => console.log("port " + this.address().port));
  return listen.call(this, typeof port === "number" ? 0 : { ...port, port: 0 }, ...rest);
};`;

function run(block: Block) {
  const { outputText } = ts.transpileModule(block.code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  const file = `${directory}${nameOf(block)}.mjs`;
  writeFileSync(file, outputText);
  const preload = `data:text/javascript,${encodeURIComponent(PRELOAD)}`;
  const child = spawn(process.execPath, ["--import", preload, file]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, output: () => output, exit: once(child, "close").then(([code]) => code as number | null) };
}

const servers = all.filter(({ label }) => label === "server.ts");
test.each(servers.map((block) => [block.title, block] as const))(
  "the server of %s serves its stream",
  async (_, block) => {
    const { output } = run(block);
    await expect.poll(() => /port (\d+)/.exec(output())?.[1], { timeout: 10_000 }).toBeDefined();
    const port = /port (\d+)/.exec(output())?.[1];
    const response = await fetch(`http://localhost:${port}/events`);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes("state.update")) text += decoder.decode((await reader?.read())?.value, { stream: true });
    await reader?.cancel();
    expect(text).toContain('"slices":{"count":');
  },
);

const programs = all.filter(({ code }) => code.includes('from "node:assert"'));
test.each(programs.map((block) => [block.title, block] as const))("the test of %s passes", async (_, block) => {
  const { exit, output } = run(block);
  expect([await exit, output().replace(/^port \d+\n/, "")]).toEqual([0, ""]);
});

test("the pages have the programs that are started here", () => {
  expect([servers.length, programs.length]).toEqual([5, 3]);
});
