import { isDeepStrictEqual } from "node:util";
import type { Json, Operation } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import type { Command, RunOptions } from "../command.ts";
import { median, medianRatio } from "../measure/statistics.ts";
import type { Result } from "../report/result.ts";
import { Game, PLAYERS } from "./game.ts";

const CLIENTS = 1000;
const TICK_HZ = 60;
/** `undefined`: every tick. */
const RATES = [undefined, 10, 2];
/** Of the source, while clients have 10 Hz. */
const SOURCE_HZ = [60, 120, 240];

export const rate: Command = {
  name: "rate",
  summary: "a game's 60 ticks a second, to clients of 60, 10 and 2 Hz",
  packages: [],
  minutes: { full: 1, quick: 0.3 },
  checked: true,
  run: async (options) => run(options),
};

const nameOf = (hz: number | undefined): string => `${hz ?? TICK_HZ} Hz`;

interface Traffic {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly cpuUs: number;
}

/** What clients of one rate are sent; the first one's copy must be the game's. */
function traffic(hz: number | undefined, seconds: number): Traffic {
  check(hz);
  const game = new Game(TICK_HZ, PLAYERS, CLIENTS);
  game.join(CLIENTS, { maxRateHz: hz });
  game.play(2);
  game.bytes = 0;
  const before = process.cpuUsage();
  game.play(seconds);
  const { user, system } = process.cpuUsage(before);
  const { bytes } = game;
  game.end();
  const per = CLIENTS * seconds;
  return { name: nameOf(hz), bytesPerSecond: bytes / per, cpuUs: (user + system) / per };
}

function check(hz: number | undefined): void {
  const game = new Game(TICK_HZ, PLAYERS, 1);
  let copy: Json = null;
  const chunks: Uint8Array[] = [];
  game.join(1, { maxRateHz: hz }, (bytes) => chunks.push(bytes));
  game.play(3);
  game.rest();
  const expected = game.players;
  game.end();
  for (const [, data = ""] of Buffer.concat(chunks)
    .toString()
    .matchAll(/^data: (.*)$/gm)) {
    const { slices, value, patches } = JSON.parse(data) as {
      slices?: { players: Json };
      value?: Json;
      patches?: Operation[];
    };
    if (slices !== undefined) copy = slices.players;
    else if (value !== undefined) copy = value;
    else if (patches !== undefined) copy = applyOperations(copy, patches, "players");
  }
  if (!isDeepStrictEqual(copy, expected)) throw new Error(`A client of ${nameOf(hz)} does not have the game's state.`);
}

/** Microseconds of CPU for one more client of 10 Hz, for each second: what the source itself costs is taken away. */
function cpuPerClient(sourceHz: number, seconds: number): number {
  const cost = (clients: number): number => {
    // Of one player: the source costs little, and a client the same, since clients share their bytes.
    const game = new Game(sourceHz, 1, clients);
    game.join(clients, { maxRateHz: 10 });
    game.play(1);
    const before = process.cpuUsage();
    game.play(seconds);
    const { user, system } = process.cpuUsage(before);
    game.end();
    return user + system;
  };
  const many = 16 * CLIENTS;
  return (cost(many) - cost(1)) / ((many - 1) * seconds);
}

function run({ quick, progress }: RunOptions): Result {
  const sent: Traffic[] = [];
  for (const hz of RATES) {
    progress(`clients of ${nameOf(hz)}`);
    sent.push(traffic(hz, quick ? 5 : 20));
  }
  const cpu = SOURCE_HZ.map((): number[] => []);
  for (let round = 0; round < (quick ? 1 : 7); round++) {
    progress(`sources of ${SOURCE_HZ.join(", ")} Hz, round ${round + 1}`);
    for (const [index, hz] of SOURCE_HZ.entries()) cpu[index]?.push(cpuPerClient(hz, 5));
  }
  const [full, at10, at2] = sent as [Traffic, Traffic, Traffic];
  return {
    title: "Rate: a game of 24 players who all move in each of 60 ticks a second",
    tables: [
      {
        title: `${CLIENTS.toLocaleString("en-US")} clients of each rate`,
        note: "In one process, without sockets. The CPU includes a client's share of the source, which is compared at each tick.",
        rows: sent.map(({ name, bytesPerSecond, cpuUs }) => ({
          "client's rate": name,
          "kB a second": bytesPerSecond / 1000,
          "CPU per client, µs a second": cpuUs,
        })),
      },
      {
        title: "One more client of 10 Hz, by the rate of its source",
        rows: SOURCE_HZ.map((hz, index) => ({
          "source's rate": `${hz} Hz`,
          "CPU per client, µs a second": median(cpu[index] ?? []),
        })),
      },
    ],
    ratios: [
      {
        name: "bytes at 10 Hz / at 60 Hz",
        value: at10.bytesPerSecond / full.bytesPerSecond,
        better: "lower",
        target: 0.25,
      },
      { name: "bytes at 2 Hz / at 60 Hz", value: at2.bytesPerSecond / full.bytesPerSecond, better: "lower" },
      // One round is no measure of time, so quick runs do without.
      ...(quick
        ? []
        : [
            {
              name: "CPU per client of 10 Hz, source of 240 Hz / of 60 Hz",
              value: medianRatio(cpu.at(-1) ?? [], cpu[0] ?? []),
              better: "lower" as const,
              target: 1.25,
            },
          ]),
    ],
    charts: [],
  };
}
