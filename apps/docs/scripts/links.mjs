// Follows every link of the built site: pages, files, and the anchors in them. Links to elsewhere are not fetched; those into
// the repository must name something that is there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const REPOSITORY_URL = "https://github.com/statestream/statestream/tree/main/";

const pages = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
const html = new Map(pages.map((name) => [join(dist, name), readFileSync(join(dist, name), "utf8")]));
const anchors = new Map(
  [...html].map(([file, text]) => [file, new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))]),
);

/** The file that a path of the site is served from. */
function fileOf(path) {
  const plain = join(dist, path);
  return [plain, `${plain}.html`, join(plain, "index.html")].find(
    (file) => html.has(file) || (/\.\w+$/.test(file) && existsSync(file)),
  );
}

const problems = [];
let count = 0;
for (const [file, text] of html) {
  const here = relative(dist, file);
  if (here === "404.html") continue;
  for (const [, raw] of text.matchAll(/<a\s[^>]*?href="([^"]+)"/g)) {
    const href = decodeURIComponent(raw.replaceAll("&amp;", "&"));
    count++;
    if (href.startsWith(REPOSITORY_URL)) {
      if (!existsSync(join(repository, href.slice(REPOSITORY_URL.length).replace(/#.*/, ""))))
        problems.push(`${here}: ${href} is not in the repository`);
      continue;
    }
    if (/^(https?:|mailto:)/.test(href)) continue;
    const [path, anchor] = href.split("#");
    const target = path === "" ? file : fileOf(path.startsWith("/") ? path : join(dirname(here), path));
    if (target === undefined) problems.push(`${here}: ${href} leads nowhere`);
    else if (anchor && html.has(target) && !anchors.get(target)?.has(anchor))
      problems.push(`${here}: ${href} has no such anchor`);
  }
}

console.log(`${count} links on ${html.size} pages, ${problems.length} broken`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
