import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { streamState } from "@statestream/hono";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";

const { PORT = 3000, SESSION_MS = 900_000, SWEEP_MS = 60_000 } = process.env;
const page = readFileSync(new URL("../public/index.html", import.meta.url), "utf8");

type Lines = { stage: string[]; backstage: string[] };
const rooms = new Map<string, WritableStateStream<Lines>>();
// Who logged in, as what streamState has to know of them: the slices they may see, and until when.
const sessions = new Map<string, { slices: (keyof Lines)[]; expiresAt: number }>();
const sessionOf = (c: Context) => sessions.get(getCookie(c, "session") ?? "");

const roomOf = (name: string) => {
  const room = rooms.get(name) ?? createStateStream<Lines>({ initialState: { stage: [], backstage: [] } });
  rooms.set(name, room);
  return room;
};

// Not when the last one leaves: a user who lost the connection is back in a few seconds, and should find the room.
setInterval(() => {
  for (const [name, room] of rooms) if (room.stats().connections === 0 && rooms.delete(name)) void room.close();
}, Number(SWEEP_MS)).unref();

const app = new Hono();
app.get("/", (c) => c.html(page));

app.post("/login/:role{guest|crew}", (c) => {
  // A real program asks who it is first.
  const [token, expiresAt] = [randomUUID(), Date.now() + Number(SESSION_MS)];
  sessions.set(token, { slices: c.req.param("role") === "crew" ? ["stage", "backstage"] : ["stage"], expiresAt });
  setTimeout(() => sessions.delete(token), Number(SESSION_MS)).unref();
  setCookie(c, "session", token, { httpOnly: true, sameSite: "Strict" });
  return c.body(null, 204);
});

app.get("/rooms/:room{[a-z]+}", (c) => {
  const session = sessionOf(c);
  return session ? streamState(c, roomOf(c.req.param("room")), session) : c.text("Log in first.\n", 401);
});

app.post("/rooms/:room{[a-z]+}/:slice", (c) => {
  const slice = sessionOf(c)?.slices.find((name) => name === c.req.param("slice"));
  if (slice === undefined) return c.text("Not yours.\n", 403);
  roomOf(c.req.param("room")).set(slice, (lines) => [...lines.slice(-99), c.req.query("line") ?? ""]);
  return c.body(null, 204);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(PORT) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
const stop = (): void => {
  server.close();
  for (const room of rooms.values()) void room.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
