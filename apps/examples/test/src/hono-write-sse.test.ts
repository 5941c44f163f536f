import { expect, test } from "vitest";
import { follow, peek, type Received, rest, start, take } from "./support.ts";

/** The number of connections, once it has stayed the same for two ticks of the example. */
async function settled(events: AsyncGenerator<Received, undefined>): Promise<unknown> {
  let connections: unknown;
  let still = 0;
  while (still < 2) {
    const [event] = await take(events, 1);
    if (event?.type !== "state.update") continue;
    if (event.slice === "memory") still++;
    if (event.slice !== "connections") continue;
    connections = event.value;
    still = 0;
  }
  return connections;
}

test("hono-write-sse: the framework's own writer carries the stream", async () => {
  const { url, stop } = await start("hono-write-sse");
  const events = follow(`${url}/events`);
  const [snapshot, first, second] = await take(events, 3);
  expect(snapshot).toMatchObject({ type: "state.initial", slices: { connections: 0 } });
  expect(first).toMatchObject({ slice: "memory", more: true });
  expect(second).toMatchObject({ slice: "connections", value: 1 });

  const [here, missed] = await peek(`${url}/events`, 2, { "last-event-id": first?.id ?? "" });
  expect(here).toMatchObject({ type: "heartbeat", id: first?.id });
  expect(missed).toMatchObject({ slice: "connections", id: second?.id });

  const ending = rest(events);
  expect(await stop()).toBe(0);
  expect((await ending).at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
}, 30_000);

test("hono-write-sse: a client that leaves is let go, and HEAD is none", async () => {
  const { url, stop } = await start("hono-write-sse");
  const events = follow(`${url}/events`);
  await take(events, 1);
  const others = [1, 2, 3].map(() => follow(`${url}/events`));
  for (const other of others) await take(other, 1);
  for (let count = 0; count < 20; count++) {
    const head = await fetch(`${url}/events`, { method: "HEAD" });
    expect(head.headers.get("content-type")).toBe("text/event-stream");
  }
  expect(await settled(events)).toBe(4);
  for (const other of others) await other.return(undefined);
  expect(await settled(events)).toBe(1);
  expect(await stop()).toBe(0);
}, 30_000);
