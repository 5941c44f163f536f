import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** A code block of a page, as a module that can be compiled. */
export interface Block {
  /** `guide/auth:12`: the page, and the line of the fence. */
  readonly title: string;
  readonly language: "ts" | "tsx";
  /** The label of the fence, such as `server.ts`. */
  readonly label: string | undefined;
  readonly code: string;
}

/** The pages that are written here. What they include is tested beside the code that it describes. */
export function pages(): string[] {
  return ["guide", "reference"].flatMap((folder) =>
    readdirSync(`${ROOT}${folder}`)
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name.slice(0, -3)}`),
  );
}

/** Every TypeScript block of a page; a comment `<!-- preamble … -->` before it declares what the page leaves out. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(`${ROOT}${page}.md`, "utf8");
  const fences =
    /(?:<!-- preamble\n(?<preamble>[^]*?)\n-->\n)?^```(?<language>tsx?)(?: \[(?<label>[^\]]+)\])?\n(?<code>[^]*?)\n```$/gm;
  return [...text.matchAll(fences)].map((match) => {
    const { preamble = "", language, label, code } = match.groups as Record<string, string | undefined>;
    const line = text.slice(0, match.index).split("\n").length;
    return {
      title: `${page}:${line}`,
      language: language as Block["language"],
      label,
      code: `${preamble}\n${code ?? ""}\nexport {};\n`,
    };
  });
}
