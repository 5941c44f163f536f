import { expect, test } from "vitest";
import { follow, peek, post, rest, start, take } from "./support.ts";

const SEATS = ["north", "east", "south", "west"];

interface Cookie extends Record<string, string> {
  cookie: string;
}

async function sit(url: string, seat: string): Promise<Cookie> {
  const response = await fetch(`${url}/sit/${seat}`, { method: "POST" });
  return { cookie: response.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
}

test("card-table-hono: each seat sees its own hand, a spectator none, and signing out ends a seat's streams", async () => {
  const { url, stop } = await start("card-table-hono");
  const seats = await Promise.all(SEATS.map((seat) => sit(url, seat)));
  const [north, east] = seats as [Cookie, Cookie];
  const streams = seats.map((cookie) => follow(`${url}/table`, cookie));
  const [ofNorth, ofEast] = streams as [ReturnType<typeof follow>, ReturnType<typeof follow>];
  const snapshots = (await Promise.all(streams.map((events) => take(events, 1)))).flat();
  const hands = snapshots.map((event) => (event as unknown as { slices: { hand: string[] } }).slices.hand);
  expect(new Set(hands.flat()).size).toBe(52);
  const [spectator] = await peek(`${url}/table`, 1);
  expect(spectator).toMatchObject({ slices: { played: [], counts: { north: 13 } } });
  expect(JSON.stringify(spectator)).not.toContain("hand");

  const [card = ""] = hands[0] ?? [];
  expect(await post(`${url}/play/${encodeURIComponent(card)}`)).toBe(401);
  expect(await post(`${url}/play/${encodeURIComponent(card)}`, { headers: east })).toBe(403);
  expect(await post(`${url}/play/${encodeURIComponent(card)}`, { headers: north })).toBe(204);
  expect(await take(ofNorth, 3)).toMatchObject([{ slice: "played" }, { slice: "counts" }, { slice: "hand" }]);
  expect(await take(ofEast, 2)).toMatchObject([{ slice: "played" }, { slice: "counts" }]);

  const stolen = await peek(`${url}/table`, 1, { ...east, "last-event-id": snapshots[0]?.id ?? "" });
  expect(stolen).toMatchObject([{ type: "state.initial", reason: "epoch", slices: { hand: hands[1] } }]);

  const second = follow(`${url}/table`, north);
  await take(second, 1);
  const endings = [ofNorth, second].map((events) => rest(events));
  expect(await post(`${url}/sign-out`, { headers: north })).toBe(204);
  for (const ending of await Promise.all(endings))
    expect(ending).toMatchObject([{ type: "state.end", reason: "revoked", retry: false }]);

  const others = streams.slice(1).map((events) => rest(events));
  expect(await stop()).toBe(0);
  for (const events of await Promise.all(others))
    expect(events.at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
}, 30_000);
