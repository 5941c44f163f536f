import { expect, test } from "vitest";
import { follow, peek, post, rest, start, take } from "./support.ts";

async function login(url: string, role: string): Promise<{ cookie: string }> {
  const response = await fetch(`${url}/login/${role}`, { method: "POST" });
  const [cookie] = response.headers.getSetCookie();
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
  return { cookie: cookie?.split(";")[0] ?? "" };
}

test("hono-room: who is logged in decides what is seen and said", async () => {
  const { url, stop } = await start("hono-room");
  expect((await fetch(`${url}/rooms/blue`)).status).toBe(401);
  expect(await post(`${url}/login/king`)).toBe(404);

  const guest = await login(url, "guest");
  const crew = await login(url, "crew");
  const seenByGuest = follow(`${url}/rooms/blue`, guest);
  const seenByCrew = follow(`${url}/rooms/blue`, crew);
  expect(await take(seenByGuest, 1)).toMatchObject([{ slices: { stage: [] } }]);
  expect(await take(seenByCrew, 1)).toMatchObject([{ slices: { stage: [], backstage: [] } }]);
  const [nothing] = await peek(`${url}/rooms/blue?slices=backstage`, 1, guest);
  expect(nothing).toMatchObject({ slices: {} });

  expect(await post(`${url}/rooms/blue/backstage?line=psst`, { headers: guest })).toBe(403);
  expect(await post(`${url}/rooms/blue/backstage?line=psst`, { headers: crew })).toBe(204);
  expect(await post(`${url}/rooms/blue/stage?line=hello`, { headers: guest })).toBe(204);
  expect(await take(seenByCrew, 2)).toMatchObject([{ slice: "backstage" }, { slice: "stage" }]);
  expect(await take(seenByGuest, 1)).toMatchObject([{ slice: "stage", patches: [{ path: "/0", value: "hello" }] }]);

  const [elsewhere] = await peek(`${url}/rooms/red`, 1, guest);
  expect(elsewhere).toMatchObject({ slices: { stage: [] } });

  const ending = rest(seenByGuest);
  expect(await stop()).toBe(0);
  expect(await ending).toMatchObject([{ type: "state.end", reason: "draining" }]);
}, 30_000);

test("hono-room: a session that expires ends its streams", async () => {
  const { url, stop } = await start("hono-room", { SESSION_MS: "300" });
  const guest = await login(url, "guest");
  const events = await rest(follow(`${url}/rooms/blue`, guest));
  expect(events.at(-1)).toMatchObject({ type: "state.end", reason: "expired" });
  expect((await fetch(`${url}/rooms/blue`, { headers: guest })).status).toBe(401);
  expect(await stop()).toBe(0);
}, 30_000);

test("hono-room: a room that stays empty is closed, one that is only asked for too", async () => {
  const { url, stop } = await start("hono-room", { SWEEP_MS: "300" });
  const guest = await login(url, "guest");
  const inside = follow(`${url}/rooms/blue`, guest);
  const [snapshot] = await take(inside, 1);
  await post(`${url}/rooms/blue/stage?line=hello`, { headers: guest });

  const comeBack = { ...guest, "last-event-id": snapshot?.id ?? "" };
  const again = async () => (await peek(`${url}/rooms/blue`, 1, comeBack))[0];
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(await again()).toMatchObject({ type: "heartbeat", id: snapshot?.id });

  await inside.return(undefined);
  await expect.poll(again, { interval: 700, timeout: 4000 }).toMatchObject({ reason: "epoch", slices: { stage: [] } });
  await fetch(`${url}/rooms/red`, { method: "HEAD", headers: guest });
  expect(await stop()).toBe(0);
}, 30_000);
