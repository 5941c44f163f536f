import { createStateStream, createStateViews } from "@statestream/core";
import { Readers } from "./readers.ts";

interface Row {
  readonly id: number;
  readonly text: string;
  readonly done: boolean;
}

export interface Contender {
  readonly readers: Readers;
  /** Changes what everybody sees. Clients get one frame each. */
  readonly changeShared: () => void;
  readonly end: () => Promise<void>;
}

const boardOf = (n: number): Row[] =>
  Array.from({ length: 50 }, (_, id) => ({ id, text: `row ${id}`, done: id === 0 && n % 2 === 1 }));

interface State {
  board: Row[];
  hands: Record<string, string[]>;
}

function stateOf(keys: number): State {
  return {
    board: boardOf(0),
    hands: Object.fromEntries(Array.from({ length: keys }, (_, key) => [`user-${key}`, ["ace", "king"]])),
  };
}

const project = ({ board, hands }: State, key: string) => ({ board, hand: hands[key] });

/** The first row, flipped: the others stay the same objects, as a reducer would have it. */
function flip([first, ...others]: Row[]): Row[] {
  return first === undefined ? [] : [{ ...first, done: !first.done }, ...others];
}

/** Views of one stream, with so many clients each. `changeOne` changes what only the first one shows. */
export function viewsOf(keys: number, clients: number): Contender & { readonly changeOne: () => void } {
  const stream = createStateStream({ initialState: stateOf(keys) });
  const made = createStateViews(stream, project, { maxViews: keys });
  const readers = new Readers();
  for (let key = 0; key < keys; key++) readers.join(made.get(`user-${key}`), clients);
  return {
    readers,
    changeShared: () => stream.set("board", flip),
    changeOne: () =>
      stream.set("hands", (hands) => ({
        ...hands,
        "user-0": [...(hands["user-0"] ?? []).slice(-3), `${Math.random()}`],
      })),
    end: async () => {
      readers.leave();
      await stream.close();
    },
  };
}

/** What an application does without views: a stream for each key, each set by hand. */
export function separateStreams(keys: number): Contender {
  const readers = new Readers();
  const state = stateOf(keys);
  const streams = Array.from({ length: keys }, (_, key) =>
    createStateStream({ initialState: project(state, `user-${key}`) }),
  );
  for (const stream of streams) readers.join(stream, 1);
  let board = boardOf(0);
  return {
    readers,
    changeShared: () => {
      board = flip(board);
      for (const stream of streams) stream.set("board", board);
    },
    end: async () => {
      readers.leave();
      await Promise.all(streams.map((stream) => stream.close()));
    },
  };
}
