import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const REPOSITORY: string = fileURLToPath(new URL("../../../../", import.meta.url));
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** A code block of a document, as a module that can be compiled. */
export interface Block {
  /** `apps/docs/guide/auth.md:12`: the document, and the line of the fence. */
  readonly title: string;
  /** The document alone. */
  readonly document: string;
  readonly language: "ts" | "tsx" | "js";
  /** The label of the fence, such as `server.mjs`. */
  readonly label: string | undefined;
  readonly code: string;
  /** Whether the page shows all of it: nothing that it uses is declared elsewhere. */
  readonly isWhole: boolean;
}

/** Everything that users read and copy from: the pages, what they include, and the README of each package that is published. */
export function documents(): string[] {
  const pages = ["apps/docs/guide", "apps/docs/reference", "docs"].flatMap((folder) =>
    readdirSync(`${REPOSITORY}${folder}`).map((name) => `${folder}/${name}`),
  );
  const readmes = publishedPackages().map((name) => `packages/${name}/README.md`);
  return [...pages, ...readmes, "README.md", "CONTRIBUTING.md", "PROTOCOL.md", "SECURITY.md"];
}

export function publishedPackages(): string[] {
  return readdirSync(`${REPOSITORY}packages`).filter((name) => {
    const manifest = `${REPOSITORY}packages/${name}/package.json`;
    return existsSync(manifest) && !readFileSync(manifest, "utf8").includes('"private": true');
  });
}

const FENCE =
  /(?:<!-- preamble\n(?<preamble>[^]*?)\n-->\n)?^```(?<language>tsx?|jsx?|vue|svelte)(?: \[(?<label>[^\]]+)\])?\n(?<code>[^]*?)\n```$/gm;
/** Of a component's file, the script. Its template is compiled by the tests of the packages. */
const SCRIPT = /<script[^>]*lang="ts">\n(?<code>[^]*?)<\/script>/;

/** Every block of a document; a comment `<!-- preamble … -->` before it declares what the document leaves out. */
export function blocksOf(document: string): Block[] {
  const text = readFileSync(`${REPOSITORY}${document}`, "utf8");
  return [...text.matchAll(FENCE)].map((match) => {
    const { preamble, language = "", label, code = "" } = match.groups as Record<string, string | undefined>;
    const isComponent = language === "vue" || language === "svelte";
    const script = isComponent ? (SCRIPT.exec(code)?.groups?.["code"] ?? "") : code;
    return {
      title: `${document}:${text.slice(0, match.index).split("\n").length}`,
      document,
      language: isComponent ? "ts" : (language as Block["language"]),
      label,
      code: `${preamble ?? ""}\n${script}\nexport {};\n`,
      isWhole: preamble === undefined && !isComponent,
    };
  });
}

/** How many fences of these languages a document has, counted without any of the rules above. */
export function fencesOf(document: string): number {
  const text = readFileSync(`${REPOSITORY}${document}`, "utf8");
  return text.match(/^ *```(?:[cm]?[tj]sx?|typescript|javascript|vue|svelte)\b/gm)?.length ?? 0;
}
