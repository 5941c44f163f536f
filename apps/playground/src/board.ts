import type { Operation } from "@statestream/core";
import type { BoardState, Column, PlaygroundWriter, Task } from "./state.ts";

export const COLUMNS: readonly Column[] = ["todo", "doing", "done"];

interface Place {
  readonly column: Column;
  readonly position: number;
}

export type PlacedTask = Task & Place;

export interface TaskChange {
  readonly title?: string | undefined;
  readonly column?: Column | undefined;
  readonly position?: number | undefined;
}

/** The task board. Its state lives in the stream; each method is one change of it. */
export interface Board {
  /** `undefined` when the board is full. */
  add(title: string, place: Omit<TaskChange, "title">): PlacedTask | undefined;
  /** `undefined` when there is no such task. */
  update(id: string, change: TaskChange): PlacedTask | undefined;
  /** Whether there was such a task. */
  remove(id: string): boolean;
}

export const MAX_TASKS: number = 200;

export function initialBoard(): BoardState {
  return {
    todo: [
      { id: "task-1", title: "Open this page in a second window" },
      { id: "task-2", title: "Move a task and watch both" },
    ],
    doing: [{ id: "task-3", title: "Read PROTOCOL.md beside the event log" }],
    done: [{ id: "task-4", title: "Start the playground" }],
  };
}

export function createBoard(stream: PlaygroundWriter): Board {
  const tasks = (column: Column): readonly Task[] => stream.state.board[column];
  // The tasks may be another process's, and some of its ids gone.
  let lastId = COLUMNS.flatMap((column) => tasks(column)).reduce((last, { id }) => Math.max(last, numberOf(id)), 0);
  const change = (type: string, id: string, operations: readonly Operation[]): void => {
    // Operations we know need no comparing.
    if (operations.length > 0) stream.patch("board", operations, { type, id });
  };
  const find = (id: string): (Place & { task: Task }) | undefined => {
    for (const column of COLUMNS) {
      const position = tasks(column).findIndex((candidate) => candidate.id === id);
      const task = tasks(column)[position];
      if (task !== undefined) return { task, column, position };
    }
    return undefined;
  };

  return {
    add(title, { column = "todo", position = Infinity }) {
      if (count(stream.state.board) >= MAX_TASKS) return undefined;
      const task = { id: `task-${++lastId}`, title };
      const place = { column, position: Math.min(position, tasks(column).length) };
      change("task.added", task.id, [{ op: "add", path: pointer(place), value: task }]);
      return { ...task, ...place };
    },

    update(id, { title, column, position }) {
      const from = find(id);
      if (from === undefined) return undefined;
      const task = { id, title: title ?? from.task.title };
      const to = destination(from, column, position, tasks);
      const moved = to.column !== from.column || to.position !== from.position;
      const operations: Operation[] = [];
      if (moved) {
        operations.push({ op: "remove", path: pointer(from) }, { op: "add", path: pointer(to), value: task });
      } else if (task.title !== from.task.title) {
        operations.push({ op: "replace", path: `${pointer(from)}/title`, value: task.title });
      }
      change(moved ? "task.moved" : "task.renamed", id, operations);
      return { ...task, ...to };
    },

    remove(id) {
      const place = find(id);
      if (place === undefined) return false;
      change("task.removed", id, [{ op: "remove", path: pointer(place) }]);
      return true;
    },
  };
}

/** The new position of a task: by default at the end of another column, and never beyond the end. */
function destination(
  from: Place,
  column: Column = from.column,
  position: number | undefined,
  tasks: (column: Column) => readonly Task[],
): Place {
  const stays = column === from.column;
  const end = tasks(column).length - (stays ? 1 : 0);
  return { column, position: Math.min(position ?? (stays ? from.position : end), end) };
}

function count(board: Readonly<BoardState>): number {
  return COLUMNS.reduce((sum, column) => sum + board[column].length, 0);
}

function numberOf(id: string): number {
  return Number(/^task-(\d+)$/.exec(id)?.[1] ?? 0);
}

function pointer({ column, position }: Place): string {
  return `/${column}/${position}`;
}
