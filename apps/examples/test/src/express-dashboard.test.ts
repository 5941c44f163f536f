import { expect, test } from "vitest";
import { follow, peek, post, rest, start, take } from "./support.ts";

test("express-dashboard: each change has its action, and never the payload", async () => {
  const { url, stop } = await start("express-dashboard");
  expect(await (await fetch(url)).text()).toContain("new EventSource");
  const events = follow(`${url}/events`);
  const [snapshot] = await take(events, 1);
  expect(snapshot).toMatchObject({ slices: { open: [], sales: { orders: 0, revenue: 0 } } });

  expect(await post(`${url}/orders/honey/Ada`)).toBe(204);
  const placed = await take(events, 2);
  const cause = { type: "order/placed", id: expect.any(String) };
  expect(placed).toMatchObject([
    { slice: "open", patches: [{ op: "add", path: "/0", value: { product: "honey" } }], more: true },
    { slice: "sales", patches: [{ op: "replace" }, { op: "replace" }] },
  ]);
  expect(placed[1]).not.toHaveProperty("more");
  for (const event of placed) expect(event).toHaveProperty("cause", cause);
  expect(JSON.stringify(placed)).not.toContain("Ada");

  const [current] = await peek(`${url}/events?slices=open`, 1);
  const { open } = (current as unknown as { slices: { open: { id: string }[] } }).slices;
  await fetch(`${url}/orders/${open[0]?.id}`, { method: "DELETE" });
  expect(await take(events, 1)).toMatchObject([
    { slice: "open", patches: [{ op: "remove", path: "/0" }], cause: { type: "order/shipped" } },
  ]);
  expect(await post(`${url}/orders/gold/Ada`)).toBe(404);

  const ending = rest(events);
  expect(await stop()).toBe(0);
  expect(await ending).toMatchObject([{ type: "state.end", reason: "draining" }]);
}, 30_000);
