import { readFileSync, writeFileSync } from "node:fs";
import { type Adapter, type Runtime, runtimes } from "./runtimes.ts";

const README = new URL("../../../README.md", import.meta.url);
const BEGIN = "<!-- pnpm test:runtimes --table -->\n";
const END = "<!-- end of the table -->";

const rows: readonly (readonly [Adapter, string, string])[] = [
  ["hono", "Hono", "`@statestream/hono`"],
  ["express", "Express", "`@statestream/express`"],
  ["koa", "Koa", "`@statestream/koa`"],
  ["fastify", "Fastify", "`@statestream/fastify`"],
  ["node", "`node:http`", "`@statestream/core/node`"],
  ["fetch", "`Request` to `Response`", "`@statestream/core/fetch`"],
];

/** Cases passed, by `<runtime> <adapter>`. */
export type Passed = ReadonlyMap<string, number>;

export const cellOf = ({ id }: Runtime, adapter: Adapter): string => `${id} ${adapter}`;

/** Writes the table of the README. */
export function writeTable(passed: Passed): void {
  const [before, , after] = parts();
  writeFileSync(README, `${before}${BEGIN}\n${render(passed)}\n${END}${after}`);
}

/** The cells of the README that say something else than this run found. */
export function outdatedCells(passed: Passed): string[] {
  const [, table] = parts();
  const [titles = [], , ...lines] = table
    .trim()
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  return runtimes.flatMap((runtime) =>
    rows.flatMap(([adapter, framework]) => {
      const found = passed.get(cellOf(runtime, adapter));
      if (found === undefined) return [];
      const written = lines.find((line) => line[1] === framework)?.[titles.indexOf(runtime.title)];
      return written === String(found) ? [] : [`${framework} on ${runtime.title}: ${written}, and ${found} passed`];
    }),
  );
}

function parts(): [string, string, string] {
  const text = readFileSync(README, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`README.md has no ${BEGIN.trim()} with ${END} after it.`);
  return [text.slice(0, begin), text.slice(begin + BEGIN.length, end), text.slice(end + END.length)];
}

function render(passed: Passed): string {
  const titles = ["framework", ...runtimes.map(({ title }) => title), "adapter"];
  const lines = rows.map(([adapter, framework, packageName]) => [
    framework,
    ...runtimes.map((runtime) => String(passed.get(cellOf(runtime, adapter)) ?? "")),
    packageName,
  ]);
  const rule = titles.map((_, index) => (index > 0 && index < titles.length - 1 ? "---:" : "---"));
  return [titles, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
