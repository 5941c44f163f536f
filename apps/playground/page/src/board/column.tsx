import type { JSX } from "preact";
import type { Column as ColumnName, Task } from "../../../src/state.ts";
import { type MoveTask, TITLES } from "./columns.ts";
import { TaskCard } from "./task-card.tsx";
import { useDrop } from "./use-drop.ts";

interface ColumnProps {
  name: ColumnName;
  tasks: readonly Task[];
  move: MoveTask;
  remove: (id: string) => void;
}

export function Column({ name, tasks, move, remove }: ColumnProps): JSX.Element {
  const { isOver, handlers } = useDrop((id) => move(id, { column: name }));
  return (
    <section class={isOver ? "column over" : "column"} aria-label={TITLES[name]} {...handlers}>
      <h3>
        {TITLES[name]} <span>{tasks.length}</span>
      </h3>
      <ol>
        {tasks.map((task, position) => (
          <TaskCard
            key={task.id}
            task={task}
            column={name}
            position={position}
            isLast={position === tasks.length - 1}
            move={move}
            remove={remove}
          />
        ))}
      </ol>
    </section>
  );
}
