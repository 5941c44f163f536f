import { readFile } from "node:fs/promises";
import type { StateEvent, StateStream } from "@statestream/core";
import { expect, test } from "vitest";
import { bears, bearStream, game, gameStream } from "./redux-doc.ts";

/** What a client gets after its snapshot from what `change` does. */
async function updatesOf(stream: StateStream, change: () => void): Promise<unknown[]> {
  const updates: unknown[] = [];
  const connection = stream.connect();
  for await (const { data } of connection) {
    const event = JSON.parse(data) as StateEvent;
    if (event.type === "state.initial") change();
    else updates.push(event);
    if (event.type === "state.update") connection.close();
  }
  return updates;
}

test("docs/redux.md: every block is in code that is compiled and run", async () => {
  const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");
  const doc = await read("../../../../docs/redux.md");
  const code = (await read("../../express-dashboard/src/server.ts")) + (await read("redux-doc.ts"));
  const blocks = [...doc.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block ?? "");
  expect(blocks.length).toBe(6);
  for (const block of blocks) expect(code).toContain(block);
});

test("docs/redux.md: a Zustand store", async () => {
  const updates = await updatesOf(bearStream, () => bears.getState().add());
  expect(updates).toMatchObject([{ slice: "count", value: 1 }]);
  expect(bearStream.state).toEqual({ count: 1 });
});

test("docs/redux.md: a store that mutates its state in place", async () => {
  const updates = await updatesOf(gameStream, () => game.tick());
  expect(updates).toMatchObject([{ slice: "ball", patches: [{ op: "replace", path: "/x", value: 1 }] }]);
});
