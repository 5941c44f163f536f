import { createStateClient, type StateClientError } from "@statestream/client";
import { stateCollectionOptions } from "@statestream/tanstack-db";
import { createCollection, createLiveQueryCollection, eq, type Transaction } from "@tanstack/db";
import { send } from "../../../page/src/send.ts";

// A task board on TanStack DB: a live query for each column, and writes that show at once.

interface Task {
  id: string;
  title: string;
  column: string;
}

const COLUMNS = ["todo", "doing", "done"];

const client = createStateClient<{ tasks: Task[] }>("/events");
const tasks = createCollection(
  stateCollectionOptions({
    client,
    slice: "tasks",
    getKey: (task) => task.id,
    onInsert: ({ transaction }) => {
      const [{ key, modified }] = transaction.mutations;
      return send("POST", `/api/tasks/${key}`, modified);
    },
    onUpdate: ({ transaction }) => {
      const [{ key, changes }] = transaction.mutations;
      return send("PATCH", `/api/tasks/${key}`, changes);
    },
    onDelete: ({ transaction }) => send("DELETE", `/api/tasks/${transaction.mutations[0].key}`),
  }),
);

const status = document.createElement("p");
status.role = "status";
const pending = document.createElement("p");
pending.className = "pending";
const problem = document.createElement("p");
problem.role = "alert";
document.body.append(status, pending, problem);

let writes = 0;
/** Says how many writes are not confirmed yet, and what became of one that was not. */
async function follow({ isPersisted }: Pick<Transaction, "isPersisted">): Promise<void> {
  const show = (change: number): void => void (pending.textContent = String((writes += change)));
  show(1);
  try {
    await isPersisted.promise;
  } catch (error) {
    problem.textContent = (error as StateClientError).code ?? String(error);
  }
  show(-1);
}

function button(label: string, id: string, act: () => Pick<Transaction, "isPersisted">): HTMLElement {
  const element = document.createElement("button");
  element.id = id;
  element.textContent = label;
  element.onclick = () => void follow(act());
  return element;
}

function card({ id, title, column }: Task): HTMLElement {
  const element = document.createElement("article");
  element.className = "task";
  element.id = id;
  element.textContent = title;
  const next = COLUMNS[COLUMNS.indexOf(column) + 1] ?? "done";
  const move = () =>
    tasks.update(id, (task) => {
      task.column = next;
    });
  element.append(
    button("on", `${id}-on`, move),
    button("delete", `${id}-delete`, () => tasks.delete(id)),
  );
  return element;
}

for (const column of COLUMNS) {
  const section = document.createElement("section");
  section.className = "column";
  section.ariaLabel = column;
  document.body.append(section);
  const rows = createLiveQueryCollection((query) =>
    query
      .from({ task: tasks })
      .where(({ task }) => eq(task.column, column))
      .orderBy(({ task }) => task.id),
  );
  rows.subscribeChanges(() => section.replaceChildren(...rows.toArray.map(card)), { includeInitialState: true });
}
document.body.append(button("add", "add", () => tasks.insert({ id: "task-5", title: "five", column: "todo" })));

const showStatus = (): void => {
  status.textContent = client.getStatus().status === "live" && tasks.status === "ready" ? "Live" : "Wait";
};
client.subscribe(showStatus);
