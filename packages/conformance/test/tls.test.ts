import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { createStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { afterEach, expect, test } from "vitest";
import { watchWrites } from "../src/writes.ts";

// A key that both ends know (RFC 4279), so that there is no certificate to keep. Node has such suites up to TLS 1.2.
const psk = Buffer.alloc(32, "test");
const options = { ciphers: "PSK-AES256-GCM-SHA384", maxVersion: "TLSv1.2" } as const;

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Everything a client is sent, as it comes. */
async function follow(port: number): Promise<{ readonly socket: TLSSocket; until(end: RegExp): Promise<string> }> {
  const socket = connect({
    ...options,
    port,
    host: "127.0.0.1",
    pskCallback: () => ({ psk, identity: "client" }),
    checkServerIdentity: () => undefined,
  });
  cleanups.push(() => socket.destroy());
  await once(socket, "secureConnect");
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return {
    socket,
    async until(end) {
      while (!end.test(text)) await once(socket, "data", { signal: AbortSignal.timeout(5000) });
      return text;
    },
  };
}

test("over TLS a change is one write of shared bytes for each connection, and the end is in order", async () => {
  const stream = createStateStream({ initialState: { n: 0 } });
  const server = createServer({ ...options, pskCallback: () => psk }, (req, res) => {
    if (req.url === "/") writeStateStream(req, res, stream);
    else res.end("plain");
  });
  cleanups.push(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients = [await follow(port), await follow(port)];
  for (const client of clients) await client.until(/state\.initial[^]*\n\n\r\n$/);

  const updates: unknown[] = [];
  const stop = watchWrites((chunk) => {
    if (chunk instanceof Uint8Array && Buffer.from(chunk).includes("state.update")) updates.push(chunk);
  });
  cleanups.push(stop);
  stream.set("n", 1);
  for (const client of clients) await client.until(/"value":1,[^]*\n\n\r\n$/);
  expect(updates).toHaveLength(2);
  expect(updates[0]).toBe(updates[1]);

  const closed = stream.close();
  for (const client of clients) expect(await client.until(/\r\n0\r\n\r\n$/)).toContain("state.end");
  await closed;
  const [client] = clients as [(typeof clients)[0]];
  client.socket.write("GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await client.until(/plain$/);
});
