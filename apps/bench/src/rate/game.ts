import type { ConnectOptions, WritableStateStream } from "@statestream/core";
import { createTestClock } from "@statestream/core/testing";

export interface Player {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  readonly health: number;
  readonly name: string;
  /** Does not change, so that a difference is smaller than the whole. */
  readonly gear: readonly { readonly item: string; readonly durability: number }[];
}

export const PLAYERS = 24;

const GEAR = ["helmet", "breastplate", "gauntlets", "boots", "longsword", "shield", "healing potion", "torch"];

function start(id: number): Player {
  const gear = GEAR.map((item, index) => ({ item, durability: 100 - index }));
  return { id, x: id * 10, y: 0, angle: 0, health: 100, name: `player ${id}`, gear };
}

/** Where a player is after a tick: all move, one of them loses health. */
function moved(player: Player, tick: number): Player {
  const { id, health } = player;
  const angle = (id * 37 + tick) % 360;
  const [x, y] = [Math.cos, Math.sin].map((turn) => Math.round(turn(angle) * 1000 * (id + 1))) as [number, number];
  return { ...player, x, y, angle, health: tick % PLAYERS === id ? ((health + 98) % 100) + 1 : health };
}

/** A game whose every tick is a commit, and its clients, on a clock that the benchmark advances. */
export class Game {
  /** Bytes that all clients were sent. */
  bytes = 0;
  readonly #clock = createTestClock();
  readonly #tickHz: number;
  #players: readonly Player[];
  #ticks = 0;
  readonly #stream: WritableStateStream<{ players: readonly Player[] }>;

  constructor(tickHz: number, players: number, maxConnections: number) {
    this.#players = Array.from({ length: players }, (_, id) => start(id));
    this.#tickHz = tickHz;
    this.#stream = this.#clock.createStateStream({ initialState: { players: this.players }, maxConnections });
  }

  /** Clients that read whatever there is at once. The first one's bytes go to `onBytes` too. */
  join(count: number, options: ConnectOptions, onBytes?: (bytes: Uint8Array) => void): void {
    for (let index = 0; index < count; index++) {
      const connection = this.#stream.connect(options);
      const read = (): void => {
        for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) {
          this.bytes += bytes.length;
          if (index === 0) onBytes?.(bytes);
        }
      };
      read();
      connection.onReadable(read);
    }
  }

  play(seconds: number): void {
    for (let count = 0; count < seconds * this.#tickHz; count++) {
      this.#ticks++;
      this.#players = this.#players.map((player) => moved(player, this.#ticks));
      this.#stream.set("players", this.#players);
      this.#clock.flush();
      this.#clock.advance(1000 / this.#tickHz);
    }
  }

  /** Lets the last change reach clients of every rate. */
  rest(): void {
    this.#clock.advance(2500);
  }

  end(): void {
    // The clock stands still from now on, so there is nothing to wait for.
    void this.#stream.close();
  }

  get players(): readonly Player[] {
    return this.#players;
  }
}
