import { expect, test } from "vitest";
import { moved, removed } from "../../page/src/board/changes.ts";
import { COLUMNS } from "../../page/src/board/columns.ts";
import { createBoard } from "../../src/board.ts";
import { quietPlayground } from "../support/playground.ts";

const IDS = ["task-1", "task-2", "task-3", "task-4", "task-9"];
const PLACES = COLUMNS.flatMap((column) => [undefined, 0, 1, 5].map((position) => ({ column, position })));

/** The board of a server, before and after a change there. */
function onServer(change: (board: ReturnType<typeof createBoard>) => unknown) {
  const { stream } = quietPlayground();
  const before = stream.state.board;
  change(createBoard(stream));
  return { before, after: stream.state.board };
}

test("the page moves and removes tasks as the server does", () => {
  for (const id of IDS) {
    for (const { column, position } of PLACES) {
      const { before, after } = onServer((board) => board.update(id, { column, position }));
      expect(moved(before, id, { column, ...(position !== undefined && { position }) })).toEqual(after);
    }
    const { before, after } = onServer((board) => board.remove(id));
    expect(removed(before, id)).toEqual(after);
  }
});

test("a change that the server has made already changes nothing", () => {
  for (const id of IDS) {
    for (const column of COLUMNS) {
      const { after } = onServer((board) => board.update(id, { column }));
      expect(moved(after, id, { column })).toBe(after);
    }
    const { after } = onServer((board) => board.remove(id));
    expect(removed(after, id)).toBe(after);
  }
});
