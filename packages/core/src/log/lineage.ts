/** From this seq on, events are of this epoch. */
export type LineageStep = readonly [from: number, epoch: string];

/** Where an epoch ended. */
export type LineageEnd = readonly [epoch: string, seq: number];

/** So many epochs are remembered at least, also of positions before the oldest event that is held. */
const MIN_STEPS = 32;

/** Which epoch each position of a log is of. A log that never continues another's has one epoch. */
export class Lineage {
  readonly #draw: () => string;
  /** Oldest first; never empty once an epoch has been drawn. */
  #steps: LineageStep[] = [];

  /** `draw` makes an epoch when one is first needed: some runtimes have no randomness before the first request. */
  constructor(draw: () => string) {
    this.#draw = draw;
  }

  /** The epoch at a position; empty where it is older than the oldest known one. */
  epochAt(seq: number): string {
    if (this.#steps.length === 0) this.#steps = [[0, this.#draw()]];
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const [from, epoch] = this.#steps[index] as LineageStep;
      if (from <= seq) return epoch;
    }
    return "";
  }

  /** The last positions, with their epochs, of the epochs that ended after one position and before another: the latest ones, oldest first. */
  endsBetween(after: number, before: number): LineageEnd[] {
    const ends: LineageEnd[] = [];
    for (let index = this.#steps.length - 1; index > 0 && ends.length < MIN_STEPS; index--) {
      const end = (this.#steps[index] as LineageStep)[0] - 1;
      if (end <= after) break;
      if (end < before) ends.push([(this.#steps[index - 1] as LineageStep)[1], end]);
    }
    return ends.reverse();
  }

  /** The first position whose epoch is known. */
  get oldest(): number {
    return this.#steps[0]?.[0] ?? 0;
  }

  /** Positions from here on are of this epoch. */
  begin(from: number, epoch: string): void {
    if (this.epochAt(from) !== epoch) this.#steps.push([from, epoch]);
  }

  /** Forgets epochs of positions before this one. With many writers, every commit can have an epoch of its own. */
  forgetBefore(seq: number): void {
    let count = 0;
    while (this.#steps.length - count > MIN_STEPS && (this.#steps[count + 1] as LineageStep)[0] <= seq) count++;
    if (count > 0) this.#steps.splice(0, count);
  }

  /** The latest epochs of positions up to this one. */
  upTo(seq: number): LineageStep[] {
    return this.#steps.filter(([from]) => from <= seq).slice(-MIN_STEPS);
  }

  /** Replaces everything that is known. */
  restart(steps: readonly LineageStep[]): void {
    this.#steps = [...steps];
  }
}
