import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES: string = fileURLToPath(new URL("../../../../packages/", import.meta.url));

/**
 * Puts the built packages into `directory/node_modules` as an installation from the registry does: what "npm pack" makes of
 * each, and nothing of the workspace. Other packages come from the workspace's own installation.
 */
export function installPacked(names: readonly string[], directory: string): void {
  const scope = `${directory}node_modules/@statestream/`;
  mkdirSync(scope, { recursive: true });
  const folders = names.map((name) => `${PACKAGES}${name}`);
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", directory, ...folders]);
  for (const file of readdirSync(directory).filter((entry) => entry.endsWith(".tgz"))) {
    const name = /^statestream-(.+)-\d+\.\d+\.\d+.*\.tgz$/.exec(file)?.[1] ?? file;
    mkdirSync(`${scope}${name}`);
    execFileSync("tar", ["-xzf", `${directory}${file}`, "--strip-components=1", "-C", `${scope}${name}`]);
    rmSync(`${directory}${file}`);
    linkDependencies(name, `${scope}${name}/`);
  }
}

function linkDependencies(name: string, installed: string): void {
  const { dependencies = {} } = JSON.parse(readFileSync(`${installed}package.json`, "utf8")) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith("@statestream/")) continue;
    const link = `${installed}node_modules/${dependency}`;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(`${PACKAGES}${name}/node_modules/${dependency}`), link);
  }
}
