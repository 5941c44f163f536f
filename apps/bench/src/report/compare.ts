import type { Ratio } from "./result.ts";

/** By how much a ratio may get worse before `pnpm bench check` fails. */
export const TOLERANCE = 0.2;

export interface Comparison {
  readonly name: string;
  readonly before: number;
  readonly now: number;
  /** How much worse, as a fraction: 0.2 is 20 % worse; negative is better. */
  readonly worse: number;
}

/** Ratios that both runs have. Only ratios: absolute times say more of the machine than of the code. */
export function compareRatios(before: readonly Ratio[], now: readonly Ratio[]): Comparison[] {
  return now.flatMap(({ name, value, better }) => {
    const old = before.find((ratio) => ratio.name === name);
    if (old === undefined) return [];
    const worse = better === "lower" ? value / old.value - 1 : old.value / value - 1;
    return [{ name, before: old.value, now: value, worse }];
  });
}
