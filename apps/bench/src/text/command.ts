import type { Command, RunOptions } from "../command.ts";
import { median } from "../measure/statistics.ts";
import type { Cell, Ratio, Result } from "../report/result.ts";
import { agUi, compareAndReplace, type Contender, ours } from "./contenders.ts";

const VIEWERS = 1000;
const COUNTS = [500, 2000, 8000];
const PIECE_CHARACTERS = 4;

/** What an event may have besides its piece, in bytes; and what a strict viewer read at 10 Hz may cost, of 2,000 pieces. */
const MAX_EVENT_BYTES = 235;
const MAX_STRICT_BYTES = 1_700_000;

export const text: Command = {
  name: "text",
  summary: "an answer that grows by pieces: bytes per viewer and the server's CPU, in both dialects",
  packages: ["fast-json-patch"],
  minutes: { full: 2, quick: 0.7 },
  checked: true,
  run: async (options) => run(options),
};

const appended = ours("append clients, stream.append", { append: true });
const strictAt10 = ours("strict clients, read at 10 Hz", { append: false, readHz: 10 });

const contenders: readonly Contender[] = [
  appended,
  ours("append clients, stream.set", { append: true, isCompared: true }),
  ours("strict clients, read at each piece", { append: false }),
  strictAt10,
  compareAndReplace,
  agUi,
];

/** Pieces of four characters, as a tokenizer has them. */
const pieceAt = (index: number): string => `${(index * 7919) % 900}`.padStart(PIECE_CHARACTERS - 1, "t").padEnd(PIECE_CHARACTERS, " "); // prettier-ignore

interface Measured {
  readonly bytes: number;
  /** Milliseconds of CPU of this process, round by round. */
  readonly cpuMs: number[];
}

/** An answer of so many pieces to all viewers. */
function measure({ start }: Contender, pieces: number): { bytes: number; cpuMs: number } {
  const answer = start(VIEWERS);
  const before = process.cpuUsage();
  for (let index = 0; index < pieces; index++) answer.grow(pieceAt(index));
  const { user, system } = process.cpuUsage(before);
  const bytes = answer.bytesPerViewer();
  answer.end();
  return { bytes, cpuMs: (user + system) / 1000 };
}

/** The frames that a viewer reads give the whole text. */
function check({ name, start, textOf }: Contender): void {
  const chunks: Uint8Array[] = [];
  const answer = start(1, (bytes) => chunks.push(bytes));
  let expected = "";
  for (let index = 0; index < 100; index++) {
    expected += pieceAt(index);
    answer.grow(pieceAt(index));
  }
  const frames = Buffer.concat(chunks).toString().split("\n\n").slice(0, -1);
  answer.end();
  if (textOf(frames) !== expected) throw new Error(`A viewer of "${name}" does not have the text.`);
}

function run({ quick, progress }: RunOptions): Result {
  for (const contender of contenders) check(contender);
  const rounds = quick ? 1 : 3;
  const all = new Map(contenders.map((contender) => [contender, new Map<number, Measured>()]));
  for (let round = 0; round < rounds; round++) {
    for (const pieces of COUNTS) {
      progress(`${pieces} pieces, round ${round + 1} of ${rounds}`);
      for (const contender of contenders) {
        const { bytes, cpuMs } = measure(contender, pieces);
        const earlier = all.get(contender)?.get(pieces)?.cpuMs ?? [];
        all.get(contender)?.set(pieces, { bytes, cpuMs: [...earlier, cpuMs] });
      }
    }
  }
  const of = (contender: Contender, pieces: number): Measured => all.get(contender)?.get(pieces) as Measured;
  return {
    title: "Text: an answer that grows by pieces of four characters",
    tables: [
      table("Kilobytes per viewer", "Frames of server-sent events, without HTTP.", (contender, pieces) =>
        Math.round(of(contender, pieces).bytes / 1000),
      ),
      table(
        `CPU per piece and ${VIEWERS.toLocaleString("en-US")} viewers, in microseconds`,
        "In one process, without sockets: what is compared, encoded and handed to each viewer. The last two are bare loops that know no slow viewers and nothing to resume from.",
        (contender, pieces) => (median(of(contender, pieces).cpuMs) * 1000) / pieces,
      ),
    ],
    ratios: [...ratiosOfBytes(of), ...(quick ? [] : [ratioOfCpu(of)])],
    charts: [],
  };
}

type Of = (contender: Contender, pieces: number) => Measured;

function table(title: string, note: string, cell: (contender: Contender, pieces: number) => Cell) {
  const rows = contenders.map((contender) => ({
    "": contender.name,
    ...Object.fromEntries(COUNTS.map((pieces) => [`${pieces} pieces`, cell(contender, pieces)])),
  }));
  return { title, note, rows };
}

function ratiosOfBytes(of: Of): Ratio[] {
  const bytes = of(appended, 2000).bytes;
  return [
    {
      name: `append, 2,000 pieces: bytes / (pieces + ${MAX_EVENT_BYTES} an event)`,
      value: bytes / (2000 * (PIECE_CHARACTERS + MAX_EVENT_BYTES)),
      better: "lower",
      target: 1,
    },
    {
      name: "strict at 10 Hz, 2,000 pieces: bytes / 1.7 MB",
      value: of(strictAt10, 2000).bytes / MAX_STRICT_BYTES,
      better: "lower",
      target: 1,
    },
    {
      name: "2,000 pieces: bytes of compare + replace / append",
      value: of(compareAndReplace, 2000).bytes / bytes,
      better: "higher",
    },
  ];
}

/** Whether a piece costs the same however long the text is. Absent from quick runs, whose one round is no measure of time. */
function ratioOfCpu(of: Of): Ratio {
  const perPiece = (pieces: number): number => median(of(appended, pieces).cpuMs) / pieces;
  return {
    name: "stream.append: CPU per piece of 8,000 / of 2,000",
    value: perPiece(8000) / perPiece(2000),
    better: "lower",
    target: 1.2,
  };
}
