import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import ts from "typescript";
import type { Block } from "./blocks.ts";

export function nameOf({ title }: Block): string {
  return title.replaceAll(/\W/g, "-");
}

/** Whether a reader who copies the block has a server on port 3000. */
export function runsAsServer({ code, isWhole }: Block): boolean {
  return isWhole && /listen\((?:\{ port: )?3000|, port: 3000 \}\)/.test(code);
}

/** Servers of the documents listen on 3000: this makes it another port, any free one for 0, and prints which. */
const preload = (port: number): string => `
import net from "node:net";
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (given, ...rest) {
  this.once("listening", () => console.log("port " + this.address().port));
  return listen.call(this, typeof given === "number" ? ${port} : { ...given, port: ${port} }, ...rest);
};`;

/** Runs a block, after what TypeScript adds to JavaScript has been removed. The process ends with the test. */
export function run(directory: string, block: Block, port = 0) {
  const { outputText } = ts.transpileModule(block.code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  const file = `${directory}${nameOf(block)}.mjs`;
  writeFileSync(file, outputText);
  const child = spawn(process.execPath, [
    "--import",
    `data:text/javascript,${encodeURIComponent(preload(port))}`,
    file,
  ]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, output: () => output, exit: once(child, "close").then(([code]) => code as number | null) };
}

/** Runs a server, and waits until it listens. */
export async function served(directory: string, block: Block, port = 0) {
  const program = run(directory, block, port);
  const listening = () => /port (\d+)/.exec(program.output())?.[1];
  await expect.poll(listening, { timeout: 10_000, message: program.output() }).toBeDefined();
  return { ...program, port: Number(listening()) };
}
