import type { Clock } from "@statestream/core/backplane";
import type { Engine, Position, ReadReply } from "./engine.ts";
import { Fifo } from "./fifo.ts";

/** How many reads are under way at a time: together they should not take longer than a call may. */
const MAX_READS = 64;

/** The reads of this node. Further ones wait for their turn here, where their deadline does not run. */
export class Reads {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #waiting = new Fifo<() => void>();
  #underWay = 0;
  #succeededAt = -Infinity;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** When a read last succeeded: milliseconds elapsed. */
  get succeededAt(): number {
    return this.#succeededAt;
  }

  async read(key: string, have: Position | undefined): Promise<ReadReply> {
    return (await this.readIf(() => true, key, have)) as ReadReply;
  }

  /** Resolves with `undefined` where it is not needed any more when its turn comes. */
  async readIf(
    isNeeded: () => boolean,
    key: string,
    have: Position | undefined,
  ): Promise<ReadReply | undefined> {
    if (this.#underWay >= MAX_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay++;
    // In a later turn: the client that needs it is about to connect.
    await Promise.resolve();
    try {
      if (!isNeeded()) return undefined;
      const reply = await this.#engine.read(key, have);
      this.#succeededAt = this.#clock.elapsed();
      return reply;
    } finally {
      // The next one takes over this one's place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }
}
