// Does what the README says under "Try it", in an empty folder and with a clock: installs, saves the two programs, and starts them.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
/** The first counts take as many seconds. */
const COUNTS_MS = 30_000;

/** The packages that the README installs. */
export const readmePackages = /^npm install (.*)$/m.exec(README)[1].split(" ");

/** A program of the README, by the name in its first line. */
function program(name, port) {
  const code = new RegExp(`\`\`\`js\n(// ${name}[^]*?)\n\`\`\``).exec(README)[1];
  return code.replace("3000", String(port));
}

/** Resolves with how long it took, in seconds. `packed` has the files of packages that are not taken from the registry. */
export async function checkReadme(folder, packed, port) {
  const began = performance.now();
  const directory = join(folder, "readme");
  mkdirSync(directory);
  const packages = readmePackages.map((name) => packed.get(name) ?? name);
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], { cwd: directory });
  for (const name of ["server.mjs", "client.mjs"]) writeFileSync(join(directory, name), program(name, port));
  const children = ["server.mjs", "client.mjs"].map((name) => spawn("node", [name], { cwd: directory }));
  try {
    let output = "";
    for (const child of children)
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
    const end = performance.now() + COUNTS_MS;
    while (!/\{ count: \d+ \}\n\{ count: \d+ \}\n/.test(output)) {
      if (performance.now() > end) throw new Error(`The client printed:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return (performance.now() - began) / 1000;
  } finally {
    for (const child of children) {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
  }
}
