import { randomFrom } from "./random.ts";

/** Milliseconds, least and most, that a fault stays before it is healed; `light`: it may begin while another one stays. */
interface FaultTimes {
  readonly hold: readonly [least: number, most: number];
  readonly light?: boolean;
  /** It loses nothing: it is given calm before and after, in which no client may need a snapshot. */
  readonly cheap?: boolean;
}

/** Every fault there is; README.md says what each does. */
export const FAULTS = [
  "node-kill",
  "node-pause",
  "node-cut",
  "node-black-hole",
  "node-half-open",
  "node-delay",
  "rolling-restart",
  "writer-kill",
  "writer-pause",
  "writer-cut",
  "writer-black-hole",
  "writer-hand-over",
  "redis-pause",
  "redis-restart",
  "wipe",
  "failover",
  "failover-writer-kill",
  "split-brain",
  "pubsub-kill",
  "evict-key",
  "script-flush",
  "clock-jump",
  "haproxy-reload",
  "reconnect-storm",
  "slow-client",
] as const;

export type FaultName = (typeof FAULTS)[number];

const TIMES: Readonly<Record<FaultName, FaultTimes>> = {
  "node-kill": { hold: [500, 2500] },
  "node-pause": { hold: [5000, 10_000] },
  "node-cut": { hold: [6500, 8000] },
  "node-black-hole": { hold: [6500, 8000] },
  "node-half-open": { hold: [6500, 8000] },
  "node-delay": { hold: [2000, 4000] },
  "rolling-restart": { hold: [0, 0] },
  "writer-kill": { hold: [500, 4000] },
  "writer-pause": { hold: [3500, 5000] },
  "writer-cut": { hold: [1000, 5000] },
  "writer-black-hole": { hold: [1000, 5000] },
  "writer-hand-over": { hold: [0, 0], cheap: true },
  "redis-pause": { hold: [1000, 4000] },
  "redis-restart": { hold: [0, 1500] },
  wipe: { hold: [0, 0], cheap: true },
  failover: { hold: [800, 1600] },
  "failover-writer-kill": { hold: [800, 1600] },
  "split-brain": { hold: [4000, 6000] },
  "pubsub-kill": { hold: [0, 0], light: true, cheap: true },
  "evict-key": { hold: [0, 0] },
  "script-flush": { hold: [0, 0], light: true, cheap: true },
  "clock-jump": { hold: [2000, 4000], light: true },
  "haproxy-reload": { hold: [0, 0], light: true, cheap: true },
  "reconnect-storm": { hold: [0, 0], light: true, cheap: true },
  "slow-client": { hold: [8000, 12_000], light: true },
};

export function isCheap(fault: FaultName): boolean {
  return TIMES[fault].cheap === true;
}

/** One fault to come. */
export interface PlannedFault {
  /** Milliseconds after the start of the run, at the earliest. */
  readonly at: number;
  readonly fault: FaultName;
  readonly holdMs: number;
  /** From 0 to 1: which of the possible targets. */
  readonly pick: number;
  readonly light: boolean;
}

/** Milliseconds before the first fault. */
const START_MS = 4000;

/** Milliseconds of calm after a fault, least and most: seldom long enough for everything to have settled. */
const CALM_MS = [1500, 3500] as const;

/** Milliseconds around a cheap fault that belong to it alone, before and after; most of the time. */
export const CHEAP_CALM_MS = 4000;

/** What a fault takes beside what it holds: restarts, and followers that must have caught up. */
const WORK_MS = 700;

/**
 * What happens when: the same for the same seed. Every fault comes once before any comes again. `only` leaves the others out.
 */
export function plan(seed: number, seconds: number, only: readonly FaultName[] = FAULTS): PlannedFault[] {
  const random = randomFrom(seed).fork("schedule");
  const planned: PlannedFault[] = [];
  let deck: FaultName[] = [];
  let at = START_MS;
  for (;;) {
    if (deck.length === 0) deck = [...only];
    const [fault] = deck.splice(random.below(deck.length), 1) as [FaultName];
    const { hold, light = false, cheap = false } = TIMES[fault];
    const alone = cheap && random.below(3) > 0;
    if (alone) at += CHEAP_CALM_MS;
    const holdMs = random.between(hold[0], hold[1]);
    const pick = random.next();
    const end = at + (light ? 0 : WORK_MS + holdMs);
    // The last fault is over when the time is.
    if (Math.max(end, at + holdMs) > seconds * 1000) return planned;
    planned.push({ at, fault, holdMs, pick, light });
    at = end + (alone ? CHEAP_CALM_MS : 0) + random.between(...CALM_MS);
  }
}
