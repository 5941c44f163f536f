import type { Flood } from "./flood.ts";
import { type Board, COLUMNS, MAX_TASKS, type PlacedTask, type TaskChange } from "./board.ts";
import {
  bodyTooLarge,
  failure,
  type HttpRequest,
  type HttpResponse,
  json,
  methodNotAllowed,
  notFound,
} from "./http.ts";
import type { Column } from "./state.ts";

const MAX_TITLE_LENGTH = 120;

/** What the API changes. */
export interface Changeable {
  readonly board: Board;
  readonly flood: Flood;
}

/** The API, under `/api/`. */
export function answerApi({ board, flood }: Changeable, request: HttpRequest): HttpResponse {
  const { method, path } = request;
  if (path === "/api/flood") {
    if (method !== "POST") return methodNotAllowed(method, ["POST"]);
    return flood.start() ? json(202, { ok: true }) : failure(409, "flooding", "A flood is under way already.");
  }
  if (path === "/api/tasks") {
    return method === "POST" ? add(board, request) : methodNotAllowed(method, ["POST"]);
  }
  const id = /^\/api\/tasks\/([^/]+)$/.exec(path)?.[1];
  if (id === undefined) return notFound(path);
  if (method === "PATCH") return update(board, id, request);
  if (method === "DELETE") return board.remove(id) ? { status: 204, headers: {}, body: null } : unknownTask(id);
  return methodNotAllowed(method, ["PATCH", "DELETE"]);
}

/** Says in the answer which position the change has, for `client.reached` and `client.optimistic`. */
export function withPosition(response: HttpResponse, eventId: string): HttpResponse {
  return { ...response, headers: { ...response.headers, "statestream-event-id": eventId } };
}

function add(board: Board, request: HttpRequest): HttpResponse {
  return withChange(request, ({ title, ...place }) => {
    if (title === undefined) return invalid("A task needs a title.");
    const task = board.add(title, place);
    if (task === undefined) return failure(409, "board-full", `The board holds ${MAX_TASKS} tasks; delete one first.`);
    return taskAnswer(201, task);
  });
}

function update(board: Board, id: string, request: HttpRequest): HttpResponse {
  return withChange(request, (change) => {
    if (Object.keys(change).length === 0) return invalid("Give a title, a column or a position.");
    const task = board.update(id, change);
    return task === undefined ? unknownTask(id) : taskAnswer(200, task);
  });
}

function taskAnswer(status: number, { id, title, column, position }: PlacedTask): HttpResponse {
  return json(status, { id, title, column, position });
}

function unknownTask(id: string): HttpResponse {
  return failure(404, "unknown-task", `There is no task ${JSON.stringify(id)}.`);
}

function invalid(message: string): HttpResponse {
  return failure(422, "invalid-task", message);
}

/** Hands on what the body asks for, or says what is wrong with it. */
function withChange({ body }: HttpRequest, act: (change: TaskChange) => HttpResponse): HttpResponse {
  if (body === undefined) return bodyTooLarge();
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return failure(400, "bad-json", "The body must be JSON.");
  }
  const change = changeOf(value);
  return typeof change === "string" ? invalid(change) : act(change);
}

/** The change a body asks for; a text says why it is none. */
function changeOf(value: unknown): TaskChange | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body must be a JSON object.";
  const change: { title?: string; column?: Column; position?: number } = {};
  for (const [name, member] of Object.entries(value)) {
    switch (name) {
      case "title": {
        const title = typeof member === "string" ? member.trim() : "";
        if (title === "" || title.length > MAX_TITLE_LENGTH) {
          return `title must be a text of 1 to ${MAX_TITLE_LENGTH} characters.`;
        }
        change.title = title;
        break;
      }
      case "column": {
        const column = COLUMNS.find((known) => known === member);
        if (column === undefined) return `column must be one of ${COLUMNS.join(", ")}.`;
        change.column = column;
        break;
      }
      case "position":
        if (!Number.isSafeInteger(member) || member < 0) return "position must be a whole number, 0 or more.";
        change.position = member as number;
        break;
      default:
        return `${JSON.stringify(name)} is unknown; a task has title, column and position.`;
    }
  }
  return change;
}
