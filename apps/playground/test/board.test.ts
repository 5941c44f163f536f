import type { Operation, StateEvent, StateUpdateEvent } from "@statestream/core";
import { beforeEach, describe, expect, test } from "vitest";
import { type Board, createBoard, MAX_TASKS } from "../src/board.ts";
import type { OwnPlayground } from "../src/playground.ts";
import { quietPlayground } from "./support/playground.ts";

let stream: OwnPlayground["stream"];
let board: Board;

beforeEach(() => {
  ({ stream } = quietPlayground());
  board = createBoard(stream);
  stream.set("board", {
    todo: ["a", "b", "c"].map((id) => ({ id, title: id.toUpperCase() })),
    doing: [{ id: "d", title: "D" }],
    done: [],
  });
});

function ids(): string {
  const { todo, doing, done } = stream.state.board;
  return [todo, doing, done].map((tasks) => tasks.map(({ id }) => id).join("")).join("|");
}

/** The updates that clients receive for what `act` does. */
async function updatesOf(act: () => void): Promise<{ operations: readonly Operation[]; cause: unknown }[]> {
  const updates: StateUpdateEvent[] = [];
  for await (const { data } of stream.connect()) {
    const event = JSON.parse(data) as StateEvent;
    if (event.type === "state.initial") {
      act();
      stream.set("transcript", { title: "end", run: 0, text: "" });
    } else if (event.type === "state.update") {
      if (event.slice !== "board") break;
      updates.push(event);
    }
  }
  return updates.map(({ patches = [], cause }) => ({ operations: patches, cause }));
}

describe("add", () => {
  test("appends to todo by default", () => {
    const task = board.add("New", {});
    expect(task).toEqual({ id: expect.stringMatching(/^task-\d+$/), title: "New", column: "todo", position: 3 });
    expect(stream.state.board.todo[3]).toEqual({ id: task?.id, title: "New" });
  });

  test("inserts at a position, and at the end beyond it", () => {
    const first = board.add("First", { position: 0 })?.id;
    const last = board.add("Last", { column: "done", position: 9 });
    expect(ids()).toBe(`${first}abc|d|${last?.id}`);
    expect(last).toMatchObject({ column: "done", position: 0 });
  });

  test("gives every task another id, also after one is gone", () => {
    const first = board.add("1", {})?.id ?? "";
    board.remove(first);
    expect(board.add("2", {})?.id).not.toBe(first);
  });

  test("gives no id that a task of another process has", () => {
    stream.patch("board", [{ op: "add", path: "/done/-", value: { id: "task-41", title: "Theirs" } }]);
    expect(createBoard(stream).add("Ours", {})?.id).toBe("task-42");
  });

  test("stops when the board is full", () => {
    for (let count = 4; count < MAX_TASKS; count++) expect(board.add("x", {})).toBeDefined();
    const { eventId } = stream;
    expect(board.add("x", {})).toBeUndefined();
    expect(stream.eventId).toBe(eventId);
    board.remove("a");
    expect(board.add("x", {})).toBeDefined();
  });
});

describe("update", () => {
  test.each([
    ["a", { column: "doing" }, "bc|da|"],
    ["a", { column: "doing", position: 0 }, "bc|ad|"],
    ["a", { column: "todo" }, "abc|d|"],
    ["a", { position: 1 }, "bac|d|"],
    ["a", { position: 2 }, "bca|d|"],
    ["a", { position: 99 }, "bca|d|"],
    ["c", { position: 0 }, "cab|d|"],
    ["d", { column: "done", position: 5 }, "abc||d"],
  ] as const)("moves %s to %j", (id, change, expected) => {
    const placed = board.update(id, change);
    expect(ids()).toBe(expected);
    expect(stream.state.board[placed?.column ?? "todo"][placed?.position ?? -1]?.id).toBe(id);
  });

  test("renames and moves in one event", async () => {
    expect(await updatesOf(() => board.update("a", { title: "Z", column: "done" }))).toEqual([
      {
        operations: [
          { op: "remove", path: "/todo/0" },
          { op: "add", path: "/done/0", value: { id: "a", title: "Z" } },
        ],
        cause: { type: "task.moved", id: "a" },
      },
    ]);
  });

  test("renames in place", async () => {
    expect(await updatesOf(() => board.update("b", { title: "Z" }))).toEqual([
      { operations: [{ op: "replace", path: "/todo/1/title", value: "Z" }], cause: { type: "task.renamed", id: "b" } },
    ]);
  });

  test("says nothing when nothing changes", async () => {
    expect(await updatesOf(() => board.update("b", { title: "B", column: "todo", position: 1 }))).toEqual([]);
  });

  test("knows no other task", () => {
    expect(board.update("nobody", { title: "Z" })).toBeUndefined();
  });
});

describe("remove", () => {
  test("removes once", async () => {
    expect(await updatesOf(() => expect(board.remove("b")).toBe(true))).toEqual([
      { operations: [{ op: "remove", path: "/todo/1" }], cause: { type: "task.removed", id: "b" } },
    ]);
    expect(ids()).toBe("ac|d|");
    expect(board.remove("b")).toBe(false);
  });
});
