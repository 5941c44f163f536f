// Writes llms.txt, the list of pages for machines (llmstxt.org), and llms-full.txt, all of them as one text.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const repository = fileURLToPath(new URL("../../../", import.meta.url));

const pages = ["guide", "reference"].flatMap((folder) =>
  readdirSync(`${root}${folder}`).map((name) => {
    const text = readFileSync(`${root}${folder}/${name}`, "utf8")
      .replace(/<!-- @include: (?:\.\.\/)+(\S+) -->/g, (_, path) => readFileSync(`${repository}${path}`, "utf8"))
      .replace(/<!-- preamble\n[^]*?\n-->\n/g, "");
    return { path: `/${folder}/${name.replace(/\.md$/, "")}`, title: /^# (.*)$/m.exec(text)?.[1] ?? name, text };
  }),
);
const intro = `# Statestream

> A live copy of a server's state in browsers: one snapshot, then only what changed, as JSON Patch over Server-Sent Events.
`;
const list = pages.map(({ path, title }) => `- [${title}](${path})`).join("\n");
writeFileSync(`${root}dist/llms.txt`, `${intro}\n## Pages\n\n${list}\n`);
writeFileSync(`${root}dist/llms-full.txt`, `${intro}\n${pages.map(({ text }) => text).join("\n\n")}`);
