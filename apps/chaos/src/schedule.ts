import { randomFrom } from "./random.ts";

/** What a fault happens to. Two of different kinds may overlap; those that happen to everything are alone. */
type Victim = "node" | "writer" | "redis" | "everything";

/** Milliseconds, least and most, that a fault stays before it is healed; `light`: it may begin while any other one stays. */
interface FaultTimes {
  readonly hold: readonly [least: number, most: number];
  readonly on: Victim;
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
  "join-storm",
  "slow-client",
] as const;

export type FaultName = (typeof FAULTS)[number];

const TIMES: Readonly<Record<FaultName, FaultTimes>> = {
  "node-kill": { on: "node", hold: [500, 2500] },
  "node-pause": { on: "node", hold: [5000, 10_000] },
  "node-cut": { on: "node", hold: [6500, 8000] },
  "node-black-hole": { on: "node", hold: [6500, 8000] },
  "node-half-open": { on: "node", hold: [6500, 8000] },
  "node-delay": { on: "node", hold: [2000, 4000] },
  "rolling-restart": { on: "everything", hold: [0, 0] },
  "writer-kill": { on: "writer", hold: [500, 4000] },
  "writer-pause": { on: "writer", hold: [3500, 5000] },
  "writer-cut": { on: "writer", hold: [1000, 5000] },
  "writer-black-hole": { on: "writer", hold: [1000, 5000] },
  "writer-hand-over": { on: "writer", hold: [0, 0], cheap: true },
  "redis-pause": { on: "redis", hold: [1000, 4000] },
  "redis-restart": { on: "redis", hold: [0, 1500] },
  wipe: { on: "redis", hold: [0, 0], cheap: true },
  failover: { on: "redis", hold: [800, 1600] },
  "failover-writer-kill": { on: "everything", hold: [800, 1600] },
  "split-brain": { on: "everything", hold: [4000, 6000] },
  "pubsub-kill": { on: "redis", hold: [0, 0], light: true, cheap: true },
  "evict-key": { on: "redis", hold: [0, 0] },
  "script-flush": { on: "redis", hold: [0, 0], light: true, cheap: true },
  "clock-jump": { on: "everything", hold: [2000, 4000], light: true },
  "haproxy-reload": { on: "everything", hold: [0, 0], light: true, cheap: true },
  "reconnect-storm": { on: "everything", hold: [0, 0], light: true, cheap: true },
  "join-storm": { on: "everything", hold: [0, 0], light: true },
  "slow-client": { on: "everything", hold: [8000, 12_000], light: true },
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
  /** It begins while the one before it stays. */
  readonly overlaps: boolean;
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
  const timed = (fault: FaultName, from: number, overlaps: boolean): PlannedFault => {
    const { hold, light = false } = TIMES[fault];
    return { at: from, fault, holdMs: random.between(hold[0], hold[1]), pick: random.next(), light, overlaps };
  };
  for (;;) {
    if (deck.length === 0) deck = [...only];
    const [fault] = deck.splice(random.below(deck.length), 1) as [FaultName];
    const alone = isCheap(fault) && random.below(3) > 0;
    if (alone) at += CHEAP_CALM_MS;
    const first = timed(fault, at, false);
    const together = [first];
    const partners = deck.filter((other) => canOverlap(fault, other));
    if (partners.length > 0 && random.below(2) === 0) {
      const partner = random.pick(partners);
      deck.splice(deck.indexOf(partner), 1);
      together.push(timed(partner, at + random.below(first.holdMs + 1), true));
    }
    const over = Math.max(...together.map(({ at: from, holdMs }) => from + holdMs));
    const end = first.light ? at : over + WORK_MS;
    // The last fault is over when the time is.
    if (Math.max(end, over) > seconds * 1000) return planned;
    planned.push(...together);
    at = end + (alone ? CHEAP_CALM_MS : 0) + random.between(...CALM_MS);
  }
}

function canOverlap(fault: FaultName, other: FaultName): boolean {
  const pair = [TIMES[fault], TIMES[other]];
  return pair[0]?.on !== pair[1]?.on && pair.every(({ on, light, cheap }) => on !== "everything" && !light && !cheap);
}
