import { expect, test } from "vitest";
import { medianRatio, quantile } from "../src/measure/statistics.ts";
import { compareRatios } from "../src/report/compare.ts";
import { renderChart } from "../src/report/chart.ts";
import { isMet } from "../src/report/result.ts";
import { renderCell, renderTable } from "../src/report/table.ts";

test("a table is Markdown, aligned, with numbers to the right", () => {
  expect(
    renderTable([
      { name: "a|b", us: 1234.5 },
      { name: "longer", us: 0.1234, more: "x" },
    ]),
  ).toBe(
    [
      "| name   |    us | more |",
      "| ------ | ----: | ---- |",
      "| a\\|b   | 1,235 |      |",
      "| longer | 0.123 | x    |",
    ].join("\n"),
  );
});

test("a cell keeps three digits, and all of a count", () => {
  expect([12.345, 0.00123456, 123.4, 1_000_000, "text"].map(renderCell)).toEqual([
    "12.3",
    "0.00123",
    "123",
    "1,000,000",
    "text",
  ]);
});

test("worse is more where less is better, and less where more is", () => {
  const before = [
    { name: "a", value: 1, better: "lower" },
    { name: "b", value: 100, better: "higher" },
    { name: "gone", value: 1, better: "lower" },
  ] as const;
  const now = [
    { name: "a", value: 1.5, better: "lower" },
    { name: "b", value: 50, better: "higher" },
    { name: "new", value: 1, better: "lower" },
  ] as const;
  expect(compareRatios(before, now)).toEqual([
    { name: "a", before: 1, now: 1.5, worse: 0.5 },
    { name: "b", before: 100, now: 50, worse: 1 },
  ]);
  expect(compareRatios(now, before).map(({ worse }) => worse < 0)).toEqual([true, true]);
});

test("a target is met from the side that is good", () => {
  expect(isMet({ name: "a", value: 1.1, better: "lower", target: 1.1 })).toBe(true);
  expect(isMet({ name: "a", value: 89, better: "higher", target: 90 })).toBe(false);
  expect(isMet({ name: "a", value: 1, better: "lower" })).toBeUndefined();
});

test("quantiles, and a ratio taken round by round", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([...Array(100).keys()], 0.99)).toBe(99);
  expect(medianRatio([2, 20, 2], [1, 10, 2])).toBe(2);
});

test("charts are SVGs that stand alone", () => {
  const bars = [{ name: "first", value: 2, ours: true }];
  const svg = renderChart({ kind: "bars", name: "n", title: "A title", unit: "us", bars });
  expect(svg).toMatch(/^<svg [\s\S]*first[\s\S]*A title[\s\S]*<\/svg>\n$/);
  const series = [{ name: "line", points: [[1, 2] as const, [10, 3] as const] }];
  expect(renderChart({ kind: "lines", name: "n", title: "T", x: "x", y: "y", series })).toContain("line");
});
