/** The possible rates, in flushes a second. They are few, so that clients of about the same rate share their bytes. */
const RATES_HZ = [0.5, 1, 2, 5, 10, 20, 50];

/** A higher rate is a mistake, such as milliseconds instead of hertz. */
const MAX_RATE_HZ = 1000;

/** The next lower possible rate; `undefined` for anything that is not a number from 0.5 to 1,000. */
export function rateOf(hz: unknown): number | undefined {
  if (typeof hz !== "number" || !(hz <= MAX_RATE_HZ)) return undefined;
  return RATES_HZ.findLast((rate) => rate <= hz);
}
