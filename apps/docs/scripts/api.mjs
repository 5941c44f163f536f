// Makes the API reference out of the docstrings: one page for each entry of each package.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));

/** Each entry that users import, by its specifier: what `exports` names and `src/` has. */
const entries = new Map(
  readdirSync(packages).flatMap((name) => {
    const file = `${packages}${name}/package.json`;
    if (!existsSync(file)) return [];
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    if (manifest.private === true) return [];
    return Object.keys(manifest.exports ?? {}).flatMap((key) => {
      const source = `${packages}${name}/src/${key === "." ? "index" : key.slice(2)}.ts`;
      return existsSync(source) ? [[source, `${manifest.name}${key.slice(1)}`]] : [];
    });
  }),
);

const app = await Application.bootstrapWithPlugins({
  entryPoints: [...entries.keys()],
  tsconfig: fileURLToPath(new URL("../tsconfig.api.json", import.meta.url)),
  plugin: ["typedoc-plugin-markdown"],
  out: fileURLToPath(new URL("../api/", import.meta.url)),
  // The packages are checked by their own builds, with a newer compiler.
  skipErrorChecking: true,
  readme: "none",
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  hideGenerator: true,
  logLevel: "Warn",
  groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases"],
  router: "module",
  entryFileName: "index",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  propertiesFormat: "table",
  interfacePropertiesFormat: "table",
  // What is not exported by name is a detail, and said so by its absence.
  validation: { notExported: false, invalidLink: true, notDocumented: false },
});
const project = await app.convert();
if (project === undefined) throw new Error("typedoc could not read the packages.");
const sources = [...entries.keys()];
for (const [index, module] of (project.children ?? []).entries()) {
  const source = module.sources?.[0]?.fullFileName ?? sources[index];
  module.name = entries.get(source) ?? module.name;
}
project.name = "API reference";
await app.generateOutputs(project);
if (app.logger.hasErrors()) process.exitCode = 1;

// typedoc numbers an anchor when a type and a member of another one would have the same, such as StateStreamErrorCode and
// StateStreamError.code. Here only types are headings, and their anchors have no number.
const out = fileURLToPath(new URL("../api/", import.meta.url));
for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".md")) continue;
  const text = readFileSync(`${out}${name}`, "utf8");
  writeFileSync(`${out}${name}`, text.replaceAll(/(\]\([^)\s]*#[a-z]+)-1\)/g, "$1)"));
}
