import { useState } from "preact/hooks";

interface Drop {
  readonly isOver: boolean;
  readonly handlers: {
    onDragOver(event: DragEvent): void;
    onDragLeave(): void;
    onDrop(event: DragEvent): void;
  };
}

/** Takes tasks that are dropped on an element. */
export function useDrop(drop: (id: string) => void): Drop {
  const [isOver, setIsOver] = useState(false);
  return {
    isOver,
    handlers: {
      onDragOver(event) {
        // Says that a drop is welcome.
        event.preventDefault();
        event.stopPropagation();
        setIsOver(true);
      },
      onDragLeave: () => setIsOver(false),
      onDrop(event) {
        event.preventDefault();
        event.stopPropagation();
        setIsOver(false);
        const id = event.dataTransfer?.getData("text/plain") ?? "";
        // Anything can be dropped on a page; only tasks have such names.
        if (/^task-\d+$/.test(id)) drop(id);
      },
    },
  };
}
