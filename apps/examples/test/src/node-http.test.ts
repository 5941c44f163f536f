import { expect, test } from "vitest";
import { follow, peek, post, rest, start, take } from "./support.ts";

test("node-http: votes reach every page, and a page that comes back gets only what it missed", async () => {
  const { url, stop } = await start("node-http");
  const page = await fetch(url);
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(await page.text()).toContain("new EventSource");

  const events = follow(`${url}/events`);
  const [snapshot] = await take(events, 1);
  expect(snapshot).toMatchObject({ type: "state.initial", slices: { votes: { tea: 0, coffee: 0 } } });

  expect(await post(`${url}/votes/tea`)).toBe(204);
  const [update] = await take(events, 1);
  expect(update).toMatchObject({
    patches: [{ op: "replace", path: "/tea", value: 1 }],
    cause: { type: "voted" },
  });

  await post(`${url}/votes/coffee`);
  const [here, missed] = await peek(`${url}/events`, 2, { "last-event-id": update?.id ?? "" });
  expect(here).toMatchObject({ type: "heartbeat", id: update?.id });
  expect(missed).toMatchObject({ patches: [{ op: "replace", path: "/coffee", value: 1 }] });

  expect(await post(`${url}/votes/water`)).toBe(404);
  const head = await fetch(`${url}/events`, { method: "HEAD" });
  expect(head.headers.get("content-type")).toBe("text/event-stream");

  const ending = rest(events);
  expect(await stop()).toBe(0);
  expect((await ending).at(-1)).toMatchObject({ type: "state.end", reason: "draining", retry: true });
}, 30_000);
