import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { type Received, start } from "./support.ts";

const soon = { timeout: 10_000 };

/** A client whose messages are kept as they come. */
async function connect(url: string, lastEventId = ""): Promise<{ socket: WebSocket; events: Received[] }> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/events`);
  onTestFinished(() => socket.terminate());
  const events: Received[] = [];
  socket.on("message", (data: Buffer) => {
    const { id, event } = JSON.parse(data.toString()) as { id: string; event: Received };
    events.push({ ...event, id });
  });
  await once(socket, "open");
  socket.send(lastEventId);
  return { socket, events };
}

function stateOf(events: readonly Received[]): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const event of events) {
    if (event.type === "state.initial") Object.assign(state, event.slices);
    if (event.type === "state.update") state[event.slice] = event.value;
  }
  return state;
}

test("websocket: a client that comes back gets what it missed", async () => {
  const { url, stop } = await start("websocket");
  expect(await (await fetch(url)).text()).toContain("new WebSocket");
  const reader = await connect(url);
  await expect
    .poll(() => reader.events, soon)
    .toMatchObject([{ type: "state.initial", slices: { note: "", edits: 0 } }]);

  const writer = await connect(url);
  writer.socket.send("one");
  await expect
    .poll(() => reader.events.slice(1), soon)
    .toMatchObject([
      { slice: "note", value: "one", more: true },
      { slice: "edits", value: 1 },
    ]);

  reader.socket.close();
  await once(reader.socket, "close");
  writer.socket.send("two");
  await expect.poll(() => writer.events.length, soon).toBe(5);
  const back = await connect(url, reader.events.at(-1)?.id);
  await expect
    .poll(() => back.events, soon)
    .toMatchObject([
      { type: "heartbeat", id: reader.events.at(-1)?.id },
      { slice: "note", value: "two" },
      { slice: "edits", value: 2 },
    ]);

  const ended = once(back.socket, "close");
  expect(await stop()).toBe(0);
  await ended;
  expect(back.events.at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
}, 30_000);

test("websocket: a client that does not read is not queued for, and skips to the newest state", async () => {
  const { url, stop } = await start("websocket");
  const slow = await connect(url);
  await expect.poll(() => slow.events.length, soon).toBe(1);
  slow.socket.pause();

  const writer = await connect(url);
  for (let number = 1; number <= 1000; number++) writer.socket.send(`${number}`.padEnd(60_000, "."));
  await expect.poll(() => stateOf(writer.events)["edits"], soon).toBe(1000);

  slow.socket.resume();
  await expect.poll(() => stateOf(slow.events)["edits"], soon).toBe(1000);
  expect(stateOf(slow.events)["note"]).toMatch(/^1000\./);
  expect(slow.events.some((event) => event.type === "state.initial" && event.reason === "slow")).toBe(true);
  expect(slow.events.length).toBeLessThan(500);
  expect(await stop()).toBe(0);
}, 30_000);

test("websocket: Ctrl-C with a client that says nothing and one that reads nothing", async () => {
  const { url, stop } = await start("websocket");
  const silent = new WebSocket(`${url.replace("http", "ws")}/events`);
  await once(silent, "open");
  const stuck = await connect(url);
  await expect.poll(() => stuck.events.length, soon).toBe(1);
  stuck.socket.pause();
  expect(await stop()).toBe(0);
}, 30_000);
