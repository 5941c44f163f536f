import type { Clock } from "../support/clock.ts";
import { creatorWith, type CreateStateStream } from "./create.ts";

/** Time, turns and randomness for a test: nothing happens but what it asks for. */
export interface TestClock {
  /** Makes streams that live by this clock. */
  readonly createStateStream: CreateStateStream;
  /** The clock itself, for what takes one: the ends of a backplane. */
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs what is due in later turns of the event loop, what that makes due too. */
  flush(): void;
  /** Lets time pass, running timers when they are due, each followed by `flush`. */
  advance(ms: number): void;
  /** How many timers wait. */
  readonly timers: number;
}

export interface TestClockOptions {
  /** Milliseconds since 1970. Default 0. */
  now?: number;
  /** The epoch of streams made: 11 base64url characters. Default `testepoch00`. */
  epoch?: string;
  /** Uniform in [0, 1). Default: always 0. */
  random?: () => number;
}

/** What one turn may lead to before a test is taken for endless. */
const MAX_TURNS = 10_000;

export function createTestClock(options: TestClockOptions = {}): TestClock {
  const { epoch = "testepoch00", random = () => 0 } = options;
  let now = options.now ?? 0;
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
    clock,
    now: () => now,
    flush,
    advance,
    get timers() {
      return timers.size;
    },
  };
}
