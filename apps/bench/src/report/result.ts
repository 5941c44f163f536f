/** A cell: text, or a number that is rounded where it is shown. */
export type Cell = string | number;

export interface Table {
  readonly title: string;
  /** What the reader must know to read it. */
  readonly note?: string;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

/** Two figures of one run, the one over the other: what can be compared between machines. */
export interface Ratio {
  /** Stays the same from run to run. */
  readonly name: string;
  readonly value: number;
  /** Which direction is good. */
  readonly better: "lower" | "higher";
  /** What it is meant to be at most (lower is better) or at least (higher is better). */
  readonly target?: number;
}

/** Curves on two logarithmic axes. */
export interface LineChart {
  readonly kind: "lines";
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

/** Bars on a logarithmic axis. */
export interface BarChart {
  readonly kind: "bars";
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly ours: boolean }[];
}

export type Chart = LineChart | BarChart;

/** What a command found out. */
export interface Result {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly ratios: readonly Ratio[];
  readonly charts: readonly Chart[];
}

export function isMet({ value, better, target }: Ratio): boolean | undefined {
  if (target === undefined) return undefined;
  return better === "lower" ? value <= target : value >= target;
}
