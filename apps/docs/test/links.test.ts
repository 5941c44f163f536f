import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { documents, REPOSITORY } from "./support/blocks.ts";

/** Links to files, as somebody who reads the repository follows them. Those of the site leave ".md" away. */
function brokenLinks(document: string): string[] {
  const text = readFileSync(`${REPOSITORY}${document}`, "utf8").replace(/```[^]*?```/g, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => link.replace(/#.*/, ""));
  return links.filter((link) => {
    if (link === "" || /^(?:https?:|mailto:|\/)/.test(link)) return false;
    const file = join(REPOSITORY, dirname(document), link);
    return !existsSync(file) && !existsSync(`${file}.md`);
  });
}

test.each(documents())("links to files in %s lead to files", (document) => {
  expect(brokenLinks(document)).toEqual([]);
});
