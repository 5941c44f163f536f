import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { type DeepReadonly, StateClientError } from "@statestream/client";
import type { BoardState } from "../../../src/state.ts";
import type { ChangeBoard } from "../model/session.ts";
import { send } from "../send.ts";
import { COLUMNS, type MoveTask } from "./columns.ts";
import { moved, removed } from "./changes.ts";
import { Column } from "./column.tsx";

/** An answer that takes longer is worth a word. */
const SLOW_MS = 1000;

interface BoardProps {
  board: DeepReadonly<BoardState> | undefined;
  change: ChangeBoard;
}

/** Moves and removals show at once, and are replaced by the server's own; a new task shows when it has its name from there. */
export function Board({ board, change }: BoardProps): JSX.Element {
  const [problem, setProblem] = useState("");
  const [isWaiting, setIsWaiting] = useState(false);
  useFocusThatStays();
  /** Returns whether it worked. */
  const act = async (work: Promise<unknown>): Promise<boolean> => {
    const slow = setTimeout(() => setIsWaiting(true), SLOW_MS);
    const wrong = await work.then(() => "", problemOf);
    clearTimeout(slow);
    setIsWaiting(false);
    setProblem(wrong);
    return wrong === "";
  };
  const move: MoveTask = (id, place) =>
    void act(change((all) => moved(all, id, place), send("PATCH", `/api/tasks/${id}`, place)));
  const remove = (id: string): void => void act(change((all) => removed(all, id), send("DELETE", `/api/tasks/${id}`)));

  return (
    <section class="panel board" aria-labelledby="board-title">
      <div class="head">
        <h2 id="board-title">Board</h2>
        <AddTask add={(title) => act(send("POST", "/api/tasks", { title }))} />
      </div>
      {problem !== "" && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="note" aria-live="polite">
        {isWaiting && "The server has not stored the change yet. It is kept, and appears as soon as it is stored."}
      </p>
      {board === undefined && <p class="note">This page does not follow the slice “board”: choose it above.</p>}
      <div class="columns">
        {board !== undefined &&
          COLUMNS.map((name) => <Column key={name} name={name} tasks={board[name]} move={move} remove={remove} />)}
      </div>
      <p class="note hint" id="board-hint">
        Drag a task, or focus it: arrow keys move it, Delete removes it. Open a second window.
      </p>
    </section>
  );
}

/** What to say of a change that went wrong. */
function problemOf(error: Error): string {
  if (!(error instanceof StateClientError)) return error.message;
  // The page has another client by now, whose state shows what became of the change.
  if (error.code === "closed") return "";
  return "A server died before it had stored your last change: it is lost. Please repeat it.";
}

function AddTask({ add }: { add: (title: string) => Promise<boolean> }): JSX.Element {
  const [title, setTitle] = useState("");
  const submit = async (): Promise<void> => {
    if (await add(title)) setTitle("");
  };
  return (
    <form
      class="add"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <input
        required
        maxLength={120}
        autocomplete="off"
        placeholder="A new task"
        aria-label="A new task"
        value={title}
        onInput={({ currentTarget }) => setTitle(currentTarget.value)}
      />
      <button class="primary">Add</button>
    </form>
  );
}

/** A task that changes its column is a new element: what was focused in the old one is focused in the new one. */
function useFocusThatStays(): void {
  const before = document.activeElement;
  useLayoutEffect(() => {
    if (before?.isConnected === false && before.id !== "") document.getElementById(before.id)?.focus();
  });
}
