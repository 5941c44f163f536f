import { expect, test } from "vitest";
import { follow, peek, post, type Received, rest, start, take } from "./support.ts";

/** What is in each event, whether it is a snapshot or an update. */
function valuesOf(events: readonly Received[]): Record<string, unknown>[] {
  return events.map((event) =>
    event.type === "state.initial" ? event.slices : event.type === "state.update" ? { [event.slice]: event.value } : {},
  );
}

test("koa-progress: the job runs to its end, and who comes late sees where it is", async () => {
  const { url, stop } = await start("koa-progress", { UP_TO: "1000000" });
  expect(await (await fetch(url)).text()).toContain("<progress");
  const events = follow(`${url}/events`);
  expect(valuesOf(await take(events, 1))).toEqual([{ phase: "idle", percent: 0, primes: 0 }]);

  expect(await post(`${url}/start`)).toBe(202);
  expect(await post(`${url}/start`)).toBe(409);
  const seen: Record<string, unknown>[] = [];
  while (seen.at(-1)?.["phase"] !== "done") seen.push(...valuesOf(await take(events, 1)));
  const percents = seen.flatMap((value) => ("percent" in value ? [Number(value["percent"])] : []));
  expect(percents.length).toBeGreaterThan(2);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));

  const [late] = valuesOf(await peek(`${url}/events`, 1));
  expect(late).toEqual({ phase: "done", percent: 100, primes: 78_498 });
  const ending = rest(events);
  expect(await stop()).toBe(0);
  expect((await ending).at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
}, 30_000);

test("koa-progress: a job can be cancelled and started again, and does not keep the process", async () => {
  const { url, stop } = await start("koa-progress", { UP_TO: "1000000000" });
  await post(`${url}/start`);
  expect(await post(`${url}/cancel`)).toBe(204);
  expect(valuesOf(await peek(`${url}/events`, 1))).toMatchObject([{ phase: "cancelled" }]);
  expect(await post(`${url}/start`)).toBe(202);
  const head = await fetch(`${url}/events`, { method: "HEAD" });
  expect(head.headers.get("content-type")).toBe("text/event-stream");
  expect(await stop()).toBe(0);
}, 30_000);
