import type { Cell, Ratio, Table } from "./result.ts";
import { isMet } from "./result.ts";

/** A table in Markdown, its columns aligned so that it can be read as it is. Columns come in the order they first appear. */
export function renderTable(rows: Table["rows"]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isNumeric = (column: string): boolean => rows.some((row) => typeof row[column] === "number");
  const lines = [columns, ...rows.map((row) => columns.map((column) => renderCell(row[column] ?? "")))];
  const widths = columns.map((_, index) => Math.max(3, ...lines.map((line) => (line[index] as string).length)));
  const pad = (text: string, index: number): string =>
    isNumeric(columns[index] as string) ? text.padStart(widths[index] as number) : text.padEnd(widths[index] as number);
  const rule = columns.map((column, index) =>
    isNumeric(column) ? `${"-".repeat((widths[index] as number) - 1)}:` : "-".repeat(widths[index] as number),
  );
  const [head, ...body] = lines.map((line) => `| ${line.map(pad).join(" | ")} |`) as [string, ...string[]];
  return [head, `| ${rule.join(" | ")} |`, ...body].join("\n");
}

/** Three digits are what a measurement on a shared machine can bear. */
export function renderCell(cell: Cell): string {
  if (typeof cell === "string") return cell.replaceAll("|", "\\|");
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) return Math.round(cell).toLocaleString("en-US");
  return String(Number(cell.toPrecision(3)));
}

export function ratioTable(ratios: readonly Ratio[]): Table {
  const sign = { lower: "<=", higher: ">=" } as const;
  return {
    title: "Ratios",
    rows: ratios.map((ratio) => ({
      ratio: ratio.name,
      value: ratio.value,
      target: ratio.target === undefined ? "" : `${sign[ratio.better]} ${ratio.target}`,
      met: { true: "yes", false: "no", undefined: "" }[String(isMet(ratio)) as "true" | "false" | "undefined"],
    })),
  };
}
