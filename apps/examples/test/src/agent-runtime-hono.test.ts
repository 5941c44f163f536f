import { expect, test } from "vitest";
import { follow, peek, post, rest, start, take } from "./support.ts";

test("agent-runtime-hono: changes in place arrive with their actions; thoughts come and go", async () => {
  const { url, stop } = await start("agent-runtime-hono");
  expect(await (await fetch(url)).text()).toContain("new EventSource");
  const events = follow(`${url}/events`);
  expect(await take(events, 1)).toMatchObject([{ type: "state.initial", slices: { conversation: [] } }]);

  const answered = post(`${url}/ask?text=hello`);
  const [asked, thought, first, ...others] = await take(events, 8);
  expect(asked).toMatchObject({
    patches: [
      { op: "add", path: "/0", value: { role: "user", text: "hello" } },
      { op: "add", path: "/1", value: { role: "agent", text: "" } },
    ],
    cause: { type: "user/asked", id: expect.any(String) },
  });
  expect(asked).not.toHaveProperty("cause.payload");
  expect(thought).toMatchObject({ slice: "thoughts", value: [expect.any(String)], cause: { type: "agent/thought" } });
  expect(first).toMatchObject({ patches: [{ op: "replace", path: "/1/text", value: "Your" }] });
  expect(others.at(-1)).toMatchObject({ slice: "thoughts", removed: true, cause: { type: "agent/finished" } });
  expect(await answered).toBe(204);

  const [later] = await peek(`${url}/events`, 1);
  expect(later).toHaveProperty("slices", {
    conversation: [
      { role: "user", text: "hello" },
      { role: "agent", text: "Your question has 5 letters." },
    ],
  });

  const ending = rest(events);
  expect(await stop()).toBe(0);
  expect(await ending).toMatchObject([{ type: "state.end", reason: "draining" }]);
}, 30_000);

test("agent-runtime-hono: a client that asks for append gets the pieces of the answer", async () => {
  const { url, stop } = await start("agent-runtime-hono");
  const events = follow(`${url}/events?ops=append`);
  expect(await take(events, 1)).toMatchObject([{ type: "state.initial", ops: ["append"] }]);
  const answered = post(`${url}/ask?text=hello`);
  const updates = (await take(events, 8)).filter((event) => event.type === "state.update");
  const pieces = updates.flatMap(({ patches }) => patches ?? []).filter((operation) => operation.op === "append");
  expect(pieces.map(({ value }) => value)).toEqual(["Your", " question", " has", " 5", " letters."]);
  expect(await answered).toBe(204);
  expect(await stop()).toBe(0);
}, 30_000);

test("agent-runtime-hono: one question at a time, and Ctrl-C in the middle of an answer", async () => {
  const { url, stop } = await start("agent-runtime-hono");
  const events = follow(`${url}/events`);
  await take(events, 1);
  const answered = post(`${url}/ask?text=hello`);
  await take(events, 2);
  expect(await post(`${url}/ask?text=hello`)).toBe(409);
  expect(await stop()).toBe(0);
  expect(await answered).toBe(204);
}, 30_000);
