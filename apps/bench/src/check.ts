import { readFileSync } from "node:fs";
import type { Command } from "./command.ts";
import { type Comparison, compareRatios, TOLERANCE } from "./report/compare.ts";
import { renderTable } from "./report/table.ts";
import { resultsDirectory, type SavedResult } from "./report/write.ts";

/** Whether no ratio of a quick run is worse than the committed one by more than the tolerance. */
export async function check(commands: readonly Command[], progress: (text: string) => void): Promise<boolean> {
  const comparisons: Comparison[] = [];
  for (const command of commands) {
    const saved = JSON.parse(readFileSync(`${resultsDirectory}${command.name}.json`, "utf8")) as SavedResult;
    const now = await command.run({ quick: true, progress: (text) => progress(`${command.name}: ${text}`) });
    const compared = compareRatios(saved.ratios, now.ratios);
    if (compared.length === 0) throw new Error(`${command.name} has no ratio in common with its committed results.`);
    comparisons.push(...compared);
  }
  const rows = comparisons.map(({ name, before, now, worse }) => ({
    ratio: name,
    committed: before,
    now,
    change: `${worse > 0 ? "worse" : "better"} by ${Math.round(Math.abs(worse) * 100)} %`,
    "": worse > TOLERANCE ? "WORSE" : "",
  }));
  process.stdout.write(`${renderTable(rows)}\n`);
  const failed = comparisons.filter(({ worse }) => worse > TOLERANCE).length;
  process.stdout.write(`${failed} of ${comparisons.length} ratios worse by more than ${TOLERANCE * 100} %\n`);
  return failed === 0;
}
