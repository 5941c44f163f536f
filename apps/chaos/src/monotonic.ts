/**
 * Milliseconds by the machine's monotonic clock, which all processes share and no clock jump reaches: what happened in
 * different logs can be put in order.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
