import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DefaultTheme, SiteConfig } from "vitepress";

const INTRO = `# Statestream

> A live copy of a server's state in browsers: one snapshot, then only what changed, as JSON Patch over Server-Sent Events.
`;
const INCLUDE = /<!-- @include: (?<path>[^\s#]+)(?:#(?<region>\w+))? -->/g;

/**
 * For machines (llmstxt.org): llms.txt lists the pages in the order of the sidebar, with what each is about; every page is there
 * as Markdown too; llms-full.txt has all of them as one text.
 */
export function writeTexts({ srcDir, outDir, userConfig }: SiteConfig<DefaultTheme.Config>): void {
  const sidebar = userConfig.themeConfig?.sidebar as Record<string, DefaultTheme.SidebarItem[]>;
  const sections = (sidebar["/"] ?? []).map(({ text: title = "", items = [] }) => ({
    title,
    pages: items.map(({ text: name = "", link = "" }) => {
      const file = `${srcDir}${link}.md`;
      return { name, link, description: descriptionOf(file), text: textOf(file) };
    }),
  }));

  for (const { link, text } of sections.flatMap(({ pages }) => pages)) writeFileSync(`${outDir}${link}.md`, text);
  const list = sections.map(
    ({ title, pages }) =>
      `## ${title}\n\n${pages.map(({ name, link, description }) => `- [${name}](${link}.md): ${description}\n`).join("")}`,
  );
  writeFileSync(`${outDir}/llms.txt`, [INTRO, ...list].join("\n"));
  writeFileSync(
    `${outDir}/llms-full.txt`,
    [INTRO, ...sections.flatMap(({ pages }) => pages.map(({ text }) => text))].join("\n"),
  );
}

function textOf(file: string): string {
  return readFileSync(file, "utf8")
    .replace(/^---\n[^]*?\n---\n+/, "")
    .replace(INCLUDE, (_, path: string, region: string | undefined) => {
      const included = readFileSync(join(dirname(file), path), "utf8");
      if (region === undefined) return included;
      const [, part] = included.split(new RegExp(`<!-- #(?:end)?region ${region} -->`));
      if (part === undefined) throw new Error(`${path} has no region ${region}.`);
      return part;
    })
    .replace(/<!-- (?!@)[^]*?-->\n?/g, "");
}

/** What a page says of itself in its frontmatter. */
function descriptionOf(file: string): string {
  const [, description] = /^---\ndescription: "(.*)"\n---\n/.exec(readFileSync(file, "utf8")) ?? [];
  if (description === undefined) throw new Error(`${file} has no description.`);
  return description;
}
