const RealDate = Date;
let shiftMs = 0;

/** Moves this process' wall clock, as an administrator or NTP would. Timers and monotonic clocks go on as they were. */
export function shiftClock(ms: number): void {
  shiftMs = ms;
  globalThis.Date = ShiftedDate;
}

const ShiftedDate = new Proxy(RealDate, {
  construct: (target, args: [], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + shiftMs] : args, newTarget) as object,
  get: (target, name) => (name === "now" ? () => RealDate.now() + shiftMs : (Reflect.get(target, name) as unknown)),
});
