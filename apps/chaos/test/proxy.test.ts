import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Link } from "../src/proxy.ts";

let echo: Server;
let link: Link;
/** The server's side of each connection. */
let served: Socket[];

beforeEach(async () => {
  served = [];
  echo = await listen((socket) => {
    served.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  link = await Link.open((echo.address() as AddressInfo).port);
});

afterEach(() => {
  link.close();
  echo.close();
  for (const socket of served) socket.destroy();
});

async function listen(onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onSocket).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** A client's connection with what came over it. */
async function dial(): Promise<{ socket: Socket; heard: string; closed: Promise<unknown> }> {
  const socket = connect({ port: link.port, host: "127.0.0.1" });
  const client = { socket, heard: "", closed: new Promise((resolve) => socket.once("close", resolve)) };
  socket.on("error", () => {});
  socket.on("data", (bytes) => (client.heard += String(bytes)));
  // A reset may come before anything else.
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), client.closed]);
  return client;
}

test("passes on, both ways", async () => {
  const client = await dial();
  client.socket.write("hello");
  await expect.poll(() => client.heard).toBe("hello");
  client.socket.destroy();
});

test("cut: what is connected is reset, and nobody gets in", async () => {
  const client = await dial();
  client.socket.write("hello");
  await expect.poll(() => client.heard).toBe("hello");
  link.mode = "cut";
  await client.closed;
  const next = await dial();
  await next.closed;
  link.mode = "through";
  const last = await dial();
  last.socket.write("again");
  await expect.poll(() => last.heard).toBe("again");
  last.socket.destroy();
});

test("black hole: accepts, and passes on only when it is over", async () => {
  const before = await dial();
  before.socket.write("1");
  await expect.poll(() => before.heard).toBe("1");
  link.mode = "black-hole";
  const during = await dial();
  for (const { socket } of [before, during]) socket.write("2");
  // A third link to the same server shows that the time was enough.
  const other = await Link.open((echo.address() as AddressInfo).port);
  const witness = connect({ port: other.port, host: "127.0.0.1" });
  witness.write("w");
  await once(witness, "data");
  expect([before.heard, during.heard]).toEqual(["1", ""]);
  link.mode = "through";
  await expect.poll(() => [before.heard, during.heard]).toEqual(["12", "2"]);
  for (const socket of [before.socket, during.socket, witness]) socket.destroy();
  other.close();
});

test("half open: the server's side is closed for good, and the client does not notice", async () => {
  const client = await dial();
  client.socket.write("1");
  await expect.poll(() => client.heard).toBe("1");
  const gone = once(served[0] as Socket, "close");
  link.mode = "half-open";
  await gone;
  client.socket.write("2");
  link.mode = "through";
  const next = await dial();
  next.socket.write("3");
  await expect.poll(() => next.heard).toBe("3");
  expect(client.socket.destroyed).toBe(false);
  expect(client.heard).toBe("1");
  client.socket.destroy();
  next.socket.destroy();
});

test("another target: new connections go there, those there are end", async () => {
  const shout = await listen((socket) => void socket.on("error", () => {}).end("shout"));
  const client = await dial();
  link.retarget((shout.address() as AddressInfo).port);
  await client.closed;
  const next = await dial();
  await expect.poll(() => next.heard).toBe("shout");
  next.socket.destroy();
  shout.close();
});

test("delay: later, in the same order", async () => {
  link.delayMs = 20;
  const client = await dial();
  for (const text of ["a", "b", "c"]) client.socket.write(text);
  await expect.poll(() => client.heard).toBe("abc");
  client.socket.destroy();
});
