import type { JSX } from "preact";
import type { Column, Task } from "../../../src/state.ts";
import { COLUMNS, type MoveTask, type Place, TITLES } from "./columns.ts";
import { useDrop } from "./use-drop.ts";

interface TaskCardProps {
  task: Task;
  column: Column;
  position: number;
  isLast: boolean;
  move: MoveTask;
  remove: (id: string) => void;
}

export function TaskCard({ task: { id, title }, column, position, isLast, move, remove }: TaskCardProps): JSX.Element {
  const left = COLUMNS[COLUMNS.indexOf(column) - 1];
  const right = COLUMNS[COLUMNS.indexOf(column) + 1];
  const { isOver, handlers } = useDrop((dropped) => move(dropped, { column, position }));

  const places: Readonly<Record<string, Place | undefined>> = {
    ArrowLeft: left && { column: left },
    ArrowRight: right && { column: right },
    ArrowUp: position === 0 ? undefined : { column, position: position - 1 },
    ArrowDown: isLast ? undefined : { column, position: position + 1 },
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // Its buttons have keys of their own.
    if (event.target !== event.currentTarget) return;
    const place = places[event.key];
    if (place !== undefined) move(id, place);
    else if (event.key === "Delete") remove(id);
    else if (!(event.key in places)) return;
    event.preventDefault();
  };

  // Columns are beside each other, or on a phone below each other.
  const moveButton = (sign: "←" | "→", to: Column | undefined): JSX.Element => (
    <button
      id={`${id}-${sign === "←" ? "back" : "on"}`}
      type="button"
      disabled={to === undefined}
      aria-label={to === undefined ? "Cannot move further" : `Move “${title}” to ${TITLES[to]}`}
      onClick={() => to !== undefined && move(id, { column: to })}
    >
      <span class="beside">{sign}</span>
      <span class="below">{sign === "←" ? "↑" : "↓"}</span>
    </button>
  );

  return (
    <li
      id={id}
      class={isOver ? "task over" : "task"}
      tabIndex={0}
      aria-describedby="board-hint"
      draggable
      onDragStart={({ dataTransfer }) => dataTransfer?.setData("text/plain", id)}
      onKeyDown={onKeyDown}
      {...handlers}
    >
      <span>{title}</span>
      <div class="task-actions">
        {moveButton("←", left)}
        {moveButton("→", right)}
        <button id={`${id}-delete`} type="button" aria-label={`Delete “${title}”`} onClick={() => remove(id)}>
          ✕
        </button>
      </div>
    </li>
  );
}
