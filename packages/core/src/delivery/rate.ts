/** The rates there are, in flushes a second: few, so that clients of about the same rate share their bytes. */
const RATES_HZ = [0.5, 1, 2, 5, 10, 20, 50];

/** No rate can be asked for above this: it is a mistake, such as milliseconds for hertz. */
const MAX_RATE_HZ = 1000;

/** The next lower rate there is; `undefined` where the number is none from 0.5 to 1,000. */
export function rateOf(hz: unknown): number | undefined {
  if (typeof hz !== "number" || !(hz <= MAX_RATE_HZ)) return undefined;
  return RATES_HZ.findLast((rate) => rate <= hz);
}
