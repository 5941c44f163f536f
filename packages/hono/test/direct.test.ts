import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { listen } from "@statestream/conformance";
import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/hono";
import { Hono } from "hono";
import { createAdaptorServer as createAdaptorServer1 } from "node-server1";
import { expect, test } from "vitest";

test.each([
  ["the newest", createAdaptorServer],
  ["the oldest", createAdaptorServer1],
])(
  "with %s @hono/node-server of the peer range, an update is one write of a whole chunk to the socket",
  async (_, make) => {
    const stream = createStateStream({ initialState: { n: 0 } });
    const server = make({ fetch: new Hono().get("/events", (c) => streamState(c, stream)).fetch }) as Server;
    const written: string[] = [];
    server.on("connection", (socket) => {
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
      socket.write = (...args: unknown[]) => {
        written.push(args[0] instanceof Uint8Array ? Buffer.from(args[0]).toString() : String(args[0]));
        return write(...args);
      };
    });
    const mounted = await listen(server);
    try {
      const response = await fetch(mounted.url);
      await expect.poll(() => written.join("")).toContain("state.initial");
      stream.set("n", 1);
      const updates = (): string[] => written.filter((text) => text.includes("state.update"));
      await expect.poll(updates).toHaveLength(1);
      expect(updates()[0]).toMatch(/^[\da-f]+\r\nevent: state\.update\n[^]*\n\n\r\n$/);
      await response.body?.cancel();
    } finally {
      await mounted.close();
    }
  },
);
