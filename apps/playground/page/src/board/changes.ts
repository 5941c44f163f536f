import type { DeepReadonly } from "@statestream/client";
import type { BoardState } from "../../../src/state.ts";
import { COLUMNS, type Place } from "./columns.ts";

type Board = DeepReadonly<BoardState>;

/** The board without a task. */
export function removed(board: Board, id: string): Board {
  const column = COLUMNS.find((name) => board[name].some((task) => task.id === id));
  return column === undefined ? board : { ...board, [column]: board[column].filter((task) => task.id !== id) };
}

/** The board with a task at another place. The same board where it is there already, so that it can be repeated. */
export function moved(board: Board, id: string, { column, position }: Place): Board {
  const task = COLUMNS.flatMap((name) => board[name]).find((candidate) => candidate.id === id);
  const current = board[column].findIndex((candidate) => candidate.id === id);
  if (task === undefined || (current !== -1 && (position ?? current) === current)) return board;
  const rest = removed(board, id);
  return { ...rest, [column]: rest[column].toSpliced(position ?? rest[column].length, 0, task) };
}
