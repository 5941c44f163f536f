import type { Column } from "../../../src/state.ts";

export const TITLES: Readonly<Record<Column, string>> = { todo: "To do", doing: "Doing", done: "Done" };
export const COLUMNS: readonly Column[] = ["todo", "doing", "done"];

/** Where a task is to go; without a position, to the end. */
export interface Place {
  readonly column: Column;
  readonly position?: number;
}

export type MoveTask = (id: string, place: Place) => void;
