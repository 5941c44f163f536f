// Builds the package that is about to be packed, by whatever command: run by npm and pnpm as its script "prepack". In a clean
// clone it installs what the build needs.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

// A task of turbo that packs depends on the build.
if (process.env.TURBO_HASH === undefined) {
  const read = (url) => JSON.parse(readFileSync(url, "utf8"));
  const { packageManager } = read(new URL("../package.json", import.meta.url));
  const { name } = read(`${process.cwd()}/package.json`);
  const build = ["exec", "turbo", "run", "build", `--filter=${name}`, "--output-logs=errors-only"];
  const run = spawnSync("npx", ["--yes", packageManager, "--workspace-root", ...build], {
    // The name of the packed file is all that belongs on the standard output.
    stdio: ["ignore", process.stderr, process.stderr],
  });
  process.exitCode = run.status ?? 1;
}
