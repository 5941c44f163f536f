import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, release, type as system } from "node:os";
import { dirname, join } from "node:path";

/** On what the figures were measured: what they depend on, and nothing that names a machine. */
export interface Environment {
  readonly date: string;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
}

export function environmentOf(packages: readonly string[]): Environment {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    packages: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    kernel: `${system()} ${release().split("-")[0]}`,
  };
}

const require = createRequire(import.meta.url);

/** Packages need not export their package.json, so it is looked for above what they do export. */
function versionOf(name: string): string {
  let directory = dirname(require.resolve(name));
  for (;;) {
    const manifest = readManifest(join(directory, "package.json"));
    if (manifest?.name === name && manifest.version !== undefined) return manifest.version;
    if (dirname(directory) === directory) throw new Error(`${name} has no version.`);
    directory = dirname(directory);
  }
}

function readManifest(path: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
