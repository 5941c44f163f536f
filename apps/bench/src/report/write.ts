import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderChart } from "./chart.ts";
import type { Environment } from "./environment.ts";
import type { Result, Table } from "./result.ts";
import { ratioTable, renderTable } from "./table.ts";

/** What `results/<name>.json` holds. */
export interface SavedResult extends Omit<Result, "charts"> {
  readonly quick: boolean;
  readonly environment: Environment;
}

export const resultsDirectory: string = fileURLToPath(new URL("../../results/", import.meta.url));

export function printResult(result: Result): void {
  for (const { title, note, rows } of tablesOf(result)) {
    process.stdout.write(`\n${title}\n${note === undefined ? "" : `${note}\n`}${renderTable(rows)}\n`);
  }
}

/** Writes a result beside those that are committed. Full runs only: a quick one is not to be quoted. */
export function saveResult(name: string, result: Result, environment: Environment): void {
  mkdirSync(resultsDirectory, { recursive: true });
  const { charts, ...rest } = result;
  const saved: SavedResult = { ...rest, quick: false, environment };
  writeFileSync(`${resultsDirectory}${name}.json`, `${JSON.stringify(saved, undefined, 2)}\n`);
  writeFileSync(`${resultsDirectory}${name}.md`, renderMarkdown(name, result, environment));
  for (const chart of charts) writeFileSync(`${resultsDirectory}${name}-${chart.name}.svg`, renderChart(chart));
}

function tablesOf(result: Result): readonly Table[] {
  return result.ratios.length === 0 ? result.tables : [...result.tables, ratioTable(result.ratios)];
}

function renderMarkdown(name: string, result: Result, environment: Environment): string {
  const { node, packages, cpu, cores, kernel, date } = environment;
  const versions = Object.entries(packages).map((entry) => entry.join(" "));
  const sections = tablesOf(result).map(
    ({ title, note, rows }) => `## ${title}\n\n${note === undefined ? "" : `${note}\n\n`}${renderTable(rows)}\n`,
  );
  const images = result.charts.map((chart) => `![${chart.title}](${name}-${chart.name}.svg)\n`);
  const measured = `${date}, Node ${node}, ${cores} × ${cpu}, ${kernel}.`;
  const compared = versions.length === 0 ? "" : `${versions.join(", ")}.\n`;
  const written = `Written by \`pnpm bench ${name}\`. ${measured}\n${compared}`;
  return [`# ${result.title}\n`, written, ...images, ...sections].join("\n");
}
