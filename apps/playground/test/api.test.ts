import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answerApi, type Changeable } from "../src/api.ts";
import { createBoard, MAX_TASKS } from "../src/board.ts";
import { createFlood } from "../src/flood.ts";
import type { HttpResponse } from "../src/http.ts";
import { quietPlayground } from "./support/playground.ts";

let changeable: Changeable;

beforeEach(() => {
  const { stream } = quietPlayground();
  changeable = { board: createBoard(stream), flood: createFlood(stream) };
});

afterEach(() => changeable.flood.stop());

const TOO_LARGE = Symbol("a body that was too large");

/** A body that is no text is sent as JSON. */
function ask(method: string, path: string, body: unknown = ""): HttpResponse & { json: unknown } {
  const text = typeof body === "string" ? body : body === TOO_LARGE ? undefined : JSON.stringify(body);
  const response = answerApi(changeable, { method, path, body: text });
  return { ...response, json: response.body === null ? null : JSON.parse(String(response.body)) };
}

test("adds, changes and deletes a task", () => {
  const added = ask("POST", "/api/tasks", { title: "  Write tests  ", column: "doing", position: 0 });
  expect(added).toMatchObject({ status: 201, json: { title: "Write tests", column: "doing", position: 0 } });
  const { id } = added.json as { id: string };

  const changed = ask("PATCH", `/api/tasks/${id}`, { title: "Run tests", column: "done" });
  expect(changed).toMatchObject({ status: 200, json: { id, title: "Run tests", column: "done", position: 1 } });

  expect(ask("DELETE", `/api/tasks/${id}`)).toMatchObject({ status: 204, body: null });
  expect(ask("DELETE", `/api/tasks/${id}`).status).toBe(404);
});

describe("refuses", () => {
  const long = "x".repeat(121);

  test.each([
    ["POST", "/api/tasks", "", 400, "bad-json"],
    ["POST", "/api/tasks", "{", 400, "bad-json"],
    ["PATCH", "/api/tasks/task-1", "title=x", 400, "bad-json"],
    ["POST", "/api/tasks", TOO_LARGE, 413, "too-large"],
    ["PATCH", "/api/tasks/task-1", TOO_LARGE, 413, "too-large"],
    ["POST", "/api/tasks", "null", 422, "invalid-task"],
    ["POST", "/api/tasks", "[]", 422, "invalid-task"],
    ["POST", "/api/tasks", '"text"', 422, "invalid-task"],
    ["POST", "/api/tasks", {}, 422, "invalid-task"],
    ["POST", "/api/tasks", { column: "todo" }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: 1 }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: " \n" }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: long }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: "x", column: "later" }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: "x", column: null }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: "x", position: "1" }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: "x", position: 1.5 }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: "x", position: -1 }, 422, "invalid-task"],
    ["POST", "/api/tasks", { title: "x", id: "task-9" }, 422, "invalid-task"],
    ["POST", "/api/tasks", '{"title":"x","__proto__":{}}', 422, "invalid-task"],
    ["PATCH", "/api/tasks/task-1", {}, 422, "invalid-task"],
    ["PATCH", "/api/tasks/task-1", { column: "constructor" }, 422, "invalid-task"],
    ["PATCH", "/api/tasks/task-9", { title: "x" }, 404, "unknown-task"],
    ["DELETE", "/api/tasks/task-9", "", 404, "unknown-task"],
    ["GET", "/api/nothing", "", 404, "not-found"],
    ["GET", "/api/tasks/task-1/title", "", 404, "not-found"],
    ["GET", "/api/tasks", "", 405, "method-not-allowed"],
    ["POST", "/api/tasks/task-1", "", 405, "method-not-allowed"],
  ])("%s %s %o: %i", (method, path, body, status, code) => {
    const response = ask(method, path, body);
    expect(response).toMatchObject({
      status,
      headers: { "content-type": "application/json" },
      json: { error: { code, message: expect.stringMatching(/\.$/) } },
    });
  });

  test("a task too many", () => {
    while (changeable.board.add("x", {}) !== undefined);
    expect(ask("POST", "/api/tasks", { title: "x" })).toMatchObject({
      status: 409,
      json: { error: { code: "board-full" } },
    });
    expect(MAX_TASKS).toBe(200);
  });
});

test("says which methods there are", () => {
  expect(ask("PUT", "/api/tasks").headers).toMatchObject({ allow: "POST" });
  expect(ask("PUT", "/api/tasks/task-1").headers).toMatchObject({ allow: "PATCH, DELETE" });
});
