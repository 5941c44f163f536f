// Run by npm and pnpm as the script "prepack" of the package in the current directory: builds the package and gives it the
// license, so that every command packs the same. In a clean clone it first installs what the build needs.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Runs the workspace's own pnpm. Ends this process when it fails. */
function pnpm(...args) {
  const { status } = spawnSync("npx", ["--yes", read(`${root}package.json`).packageManager, ...args], {
    cwd: root,
    // The name of the packed file is all that belongs on the standard output.
    stdio: ["ignore", process.stderr, process.stderr],
  });
  if (status !== 0) process.exit(status ?? 1);
}

// pnpm packs the license of the workspace by itself, npm does not. The copy is ignored by git.
copyFileSync(`${root}LICENSE`, "LICENSE");

// A task of turbo that packs depends on the build.
if (process.env.TURBO_HASH === undefined) {
  // pnpm does not do this by itself where another pnpm, which runs a script, has started this process.
  if (!existsSync(`${root}node_modules`)) pnpm("install", "--frozen-lockfile");
  const { name } = read(`${process.cwd()}/package.json`);
  pnpm("exec", "turbo", "run", "build", `--filter=${name}`, "--output-logs=errors-only");
}
