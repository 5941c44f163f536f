const inUnit = (unit: "megabyte" | "gigabyte"): Intl.NumberFormat =>
  new Intl.NumberFormat("en", { style: "unit", unit, maximumFractionDigits: 1 });

const MEGABYTES = inUnit("megabyte");
const GIGABYTES = inUnit("gigabyte");

/** Bytes in decimal units: gigabytes from one of them on, megabytes below. */
export function bytes(count: number): string {
  return count < 1e9 ? MEGABYTES.format(count / 1e6) : GIGABYTES.format(count / 1e9);
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
