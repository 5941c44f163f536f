import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { createStateStream, createStateViews } from "@statestream/core";
import { streamState } from "@statestream/hono";
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { deal, play, SEATS, type Seat, type Table } from "./table.ts";

const { PORT = 3000 } = process.env;
const page = readFileSync(new URL("../public/index.html", import.meta.url), "utf8");

const table = createStateStream<Table>({ initialState: deal() });

// What a seat sees: the table, how many cards the others have, and its own hand. A spectator has none.
const views = createStateViews(table, ({ played, hands }, seat) => ({
  played,
  counts: Object.fromEntries(SEATS.map((name) => [name, hands[name].length])),
  ...(isSeat(seat) ? { hand: hands[seat] } : {}),
}));

const sessions = new Map<string, Seat>();
const tokenOf = (c: Context) => getCookie(c, "session") ?? "";
const seatOf = (c: Context) => sessions.get(tokenOf(c));

function isSeat(name: string): name is Seat {
  return (SEATS as readonly string[]).includes(name);
}

const app = new Hono();
app.get("/", (c) => c.html(page));

app.post("/sit/:seat", (c) => {
  const seat = c.req.param("seat");
  if (!isSeat(seat)) return c.text("There is no such seat.\n", 404);
  // A real program asks who it is first.
  const token = randomUUID();
  sessions.set(token, seat);
  setCookie(c, "session", token, { httpOnly: true, sameSite: "Strict" });
  return c.body(null, 204);
});

// The key comes from the session, never from the request.
app.get("/table", (c) => streamState(c, views.get(seatOf(c) ?? "spectator"), { context: tokenOf(c) }));

app.post("/play/:card", (c) => {
  const seat = seatOf(c);
  if (seat === undefined) return c.text("Take a seat first.\n", 401);
  const next = play(table.state, seat, c.req.param("card"));
  if (next === undefined) return c.text("That card is not yours.\n", 403);
  table.batch(() => {
    table.set("hands", next.hands);
    table.set("played", next.played);
  });
  return c.body(null, 204);
});

app.post("/sign-out", (c) => {
  const token = tokenOf(c);
  sessions.delete(token);
  deleteCookie(c, "session");
  // Every page with this session, also one that is downloading its hand at this moment.
  for (const connection of views.connections) if (connection.context === token) connection.end("revoked");
  return c.body(null, 204);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(PORT) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
const stop = (): void => {
  server.close();
  // The views end with their stream.
  void table.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
