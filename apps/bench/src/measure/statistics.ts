export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that this fraction of the values does not exceed; NaN of none. */
export function quantile(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

/** The median of what one takes of another, round by round: what slows a whole round down slows both. */
export function medianRatio(over: readonly number[], under: readonly number[]): number {
  return median(over.map((value, round) => value / (under[round] as number)));
}
