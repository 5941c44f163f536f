import { byId, element } from "./dom.js";

/** @typedef {{ id: string, title: string }} Task */

const COLUMNS = /** @type {const} */ ({ todo: "To do", doing: "Doing", done: "Done" });
const NAMES = /** @type {(keyof typeof COLUMNS)[]} */ (Object.keys(COLUMNS));

const columns = byId("columns");
const problem = byId("problem");

/** The board changes only when the stream says so: what visitors do here goes to the server. */
export function startBoard() {
  const form = /** @type {HTMLFormElement} */ (byId("add"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void add(form);
  });
}

/** @param {HTMLFormElement} form */
async function add(form) {
  if (await send("POST", "/api/tasks", { title: new FormData(form).get("title") })) form.reset();
}

/** @param {Record<string, Task[]> | undefined} board */
export function renderBoard(board) {
  const focused = document.activeElement?.id;
  columns.replaceChildren(...(board === undefined ? [] : NAMES.map((name) => columnView(name, board[name] ?? []))));
  // The button that was pressed is a new element now.
  if (focused) document.getElementById(focused)?.focus();
}

/** @param {keyof typeof COLUMNS} name @param {Task[]} tasks */
function columnView(name, tasks) {
  const list = element(
    "ol",
    {},
    tasks.map((task, position) => taskView(task, name, position)),
  );
  const title = element("h3", {}, [
    COLUMNS[name],
    element("span", { className: "count", textContent: `${tasks.length}` }),
  ]);
  const column = element("div", { className: "column" }, [title, list]);
  acceptDrop(column, () => ({ column: name }));
  return column;
}

/** @param {Task} task @param {keyof typeof COLUMNS} column @param {number} position */
function taskView({ id, title }, column, position) {
  const index = NAMES.indexOf(column);
  const card = element("li", { className: "task", draggable: true }, [
    element("span", { textContent: title }),
    element("div", { className: "actions" }, [
      moveButton(id, title, "←", NAMES[index - 1]),
      moveButton(id, title, "→", NAMES[index + 1]),
      actionButton(`${id}-delete`, "✕", `Delete “${title}”`, () => send("DELETE", `/api/tasks/${id}`)),
    ]),
  ]);
  card.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/plain", id));
  acceptDrop(card, () => ({ column, position }));
  return card;
}

/** @type {(id: string, title: string, sign: string, column: keyof typeof COLUMNS | undefined) => HTMLButtonElement} */
function moveButton(id, title, sign, column) {
  const label = column === undefined ? "" : `Move “${title}” to ${COLUMNS[column]}`;
  const button = actionButton(`${id}-${sign}`, sign, label, () => send("PATCH", `/api/tasks/${id}`, { column }));
  button.disabled = column === undefined;
  return button;
}

/** @type {(id: string, sign: string, label: string, act: () => unknown) => HTMLButtonElement} */
function actionButton(id, sign, label, act) {
  const button = element("button", { id, type: "button", title: label, ariaLabel: label, textContent: sign });
  button.addEventListener("click", act);
  return button;
}

/** @type {(target: HTMLElement, place: () => object) => void} */
function acceptDrop(target, place) {
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    target.classList.add("over");
  });
  target.addEventListener("dragleave", () => target.classList.remove("over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    target.classList.remove("over");
    const id = event.dataTransfer?.getData("text/plain") ?? "";
    // Anything can be dropped on a page; only tasks have such names.
    if (/^task-\d+$/.test(id)) void send("PATCH", `/api/tasks/${id}`, place());
  });
}

/** Whether the server did it; what was wrong otherwise stands above the board. @type {(method: string, path: string, body?: object) => Promise<boolean>} */
async function send(method, path, body) {
  let message = "";
  try {
    const response = await fetch(path, {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (!response.ok) message = (await response.json()).error.message;
  } catch {
    message = "The server cannot be reached.";
  }
  problem.textContent = message;
  problem.hidden = message === "";
  return message === "";
}
