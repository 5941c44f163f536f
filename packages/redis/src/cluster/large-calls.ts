import type { Clock } from "@statestream/core/backplane";
import type { Engine, InstallReply, InstallRequest, Position, ReadReply } from "./engine.ts";
import { Fifo } from "./fifo.ts";

/** How many are under way at a time: together they should not take longer than a call may. */
const MAX_CALLS = 64;

/** The calls of this node that carry a whole state. Further ones wait for their turn here, where their deadline does not run. */
export class LargeCalls {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #waiting = new Fifo<() => void>();
  #underWay = 0;
  /** When a call last succeeded, or was the first one after a pause: milliseconds elapsed. */
  #movedAt = -Infinity;
  #isFailing = false;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Whether calls were answered in the last `ms` milliseconds, or there was none before: what waits here has its turn soon. */
  isMoving(ms: number): boolean {
    return !this.#isFailing && this.#clock.elapsed() - this.#movedAt < ms;
  }

  async read(key: string, have: Position | undefined): Promise<ReadReply> {
    return (await this.readIf(() => true, key, have)) as ReadReply;
  }

  /** Resolves with `undefined` where it is not needed any more when its turn comes. */
  async readIf(isNeeded: () => boolean, key: string, have: Position | undefined): Promise<ReadReply | undefined> {
    return await this.#inTurn(async () => {
      if (!isNeeded()) return undefined;
      return await this.#engine.read(key, have);
    });
  }

  /** `onTurn` is called when it is sent. */
  async install(key: string, request: InstallRequest, onTurn: () => void = () => undefined): Promise<InstallReply> {
    return await this.#inTurn(() => {
      onTurn();
      return this.#engine.install(key, request);
    });
  }

  async #inTurn<T>(call: () => Promise<T>): Promise<T> {
    if (this.#underWay === 0) this.#movedAt = this.#clock.elapsed();
    if (this.#underWay >= MAX_CALLS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#underWay++;
    // In a later turn: the client that needs it is about to connect.
    await Promise.resolve();
    try {
      const reply = await call();
      this.#isFailing = false;
      this.#movedAt = this.#clock.elapsed();
      return reply;
    } catch (error) {
      this.#isFailing = true;
      throw error;
    } finally {
      // The next one takes over this one's place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }
}
