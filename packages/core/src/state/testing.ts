import type { Clock } from "../support/clock.ts";
import { creatorWith, type CreateStateStream } from "./create.ts";
import { type CreateStateViews, viewsWith } from "./views.ts";

/** Time, turns of the event loop and randomness for a test: nothing happens unless the test makes it happen. */
export interface TestClock {
  /** Creates streams that use this clock. */
  readonly createStateStream: CreateStateStream;
  /** Creates views that use this clock; each view has an epoch of its own. */
  readonly createStateViews: CreateStateViews;
  /** The clock itself, for `followStream` and `continueStream`. */
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs everything that is due in later turns of the event loop, including what that makes due. */
  flush(): void;
  /** Advances the time, running each timer when it is due, followed by `flush`. */
  advance(ms: number): void;
  /** How many timers are set. */
  readonly timers: number;
}

export interface TestClockOptions {
  /** Milliseconds since 1970. Default 0. */
  now?: number;
  /** The epoch of the streams created: 11 base64url characters. Default `testepoch00`. */
  epoch?: string;
  /** Uniform in [0, 1). Default: always 0. */
  random?: () => number;
}

/** After this many turns in one flush, the test is taken to be endless. */
const MAX_TURNS = 10_000;

export function createTestClock(options: TestClockOptions = {}): TestClock {
  const { epoch = "testepoch00", random = () => 0 } = options;
  let now = options.now ?? 0;
  let views = 0;
  const timers = new Set<{ readonly at: number; readonly fn: () => void }>();
  const turns: (() => void)[] = [];

  const clock: Clock = {
    now: () => now,
    elapsed: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    defer: (fn) => void turns.push(fn),
    random,
    epoch: () => epoch,
  };

  const flush = (): void => {
    for (let count = 0; turns.length > 0; count++) {
      if (count === MAX_TURNS) throw new Error(`After ${MAX_TURNS} turns there is still something to do.`);
      turns.shift()?.();
    }
  };

  const advance = (ms: number): void => {
    const until = now + ms;
    for (;;) {
      const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      timers.delete(next);
      now = Math.max(now, next.at);
      next.fn();
      flush();
    }
    now = until;
  };

  return {
    createStateStream: creatorWith(clock),
    createStateViews: viewsWith({ ...clock, epoch: () => `view${String(++views).padStart(7, "0")}` }),
    clock,
    now: () => now,
    flush,
    advance,
    get timers() {
      return timers.size;
    },
  };
}
