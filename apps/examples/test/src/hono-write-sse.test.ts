import { expect, test } from "vitest";
import { follow, peek, rest, start, take } from "./support.ts";

test("hono-write-sse: the framework's own writer carries the stream", async () => {
  const { url, stop } = await start("hono-write-sse");
  const events = follow(`${url}/events`);
  const [snapshot, first, second] = await take(events, 3);
  expect(snapshot).toMatchObject({ type: "state.initial", slices: { uptime: 0 } });
  expect(first).toMatchObject({ slice: "memory", more: true });
  expect(second).toMatchObject({ slice: "uptime" });

  const [here, missed] = await peek(`${url}/events`, 2, { "last-event-id": first?.id ?? "" });
  expect(here).toMatchObject({ type: "heartbeat", id: first?.id });
  expect(missed).toMatchObject({ slice: "uptime", id: second?.id });

  const narrowed = await peek(`${url}/events?slices=uptime`, 2);
  expect(narrowed).toMatchObject([{ slices: { uptime: expect.any(Number) } }, { slice: "uptime" }]);

  const ending = rest(events);
  expect(await stop()).toBe(0);
  expect((await ending).at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
}, 30_000);

test("hono-write-sse: HEAD gets the headers and leaves nothing behind", async () => {
  const { url, stop } = await start("hono-write-sse");
  for (let count = 0; count < 20; count++) {
    const head = await fetch(`${url}/events`, { method: "HEAD" });
    expect(head.headers.get("content-type")).toBe("text/event-stream");
  }
  expect(await stop()).toBe(0);
}, 30_000);
