import { createStateClient } from "@statestream/client";
import { RedisServer } from "@statestream/redis-server";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../../client/test/support/listen.ts";
import { putTitle, type SetTitle, writeServers } from "../../../client/test/support/write-servers.ts";
import { type Backplane, createRedisBackplane } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const initialState = { title: "old" };

/** The recipes of the README: how a route on some node learns the position of its change. */
const recipes: readonly [name: string, start: (key: string, node: Backplane, other: Backplane) => Promise<SetTitle>][] =
  [
    [
      "update",
      async (key, node) => {
        const setTitle: SetTitle = (title) => node.update(key, initialState, (state) => ({ ...state, title }));
        await setTitle("old");
        return setTitle;
      },
    ],
    [
      "a writer that was flushed",
      async (key, node) => {
        const writer = node.writer(key, { initialState });
        await writer.leads();
        return async (title) => {
          writer.set("title", title);
          const { eventId } = writer;
          await writer.flushed();
          return eventId;
        };
      },
    ],
    [
      "a command to the leader",
      async (key, node, other) => {
        const writer = other.writer(key, {
          initialState,
          onCommand(title): string {
            writer.set("title", String(title));
            return writer.eventId;
          },
        });
        await writer.leads();
        return async (title) => String(await node.send(key, title));
      },
    ],
  ];

describe.skipIf(!HAS_REDIS)(`a page of one node, whose writes reach another${SKIPPED}`, { timeout: 30_000 }, () => {
  let redis: RedisServer;
  let nodes: Backplane[];

  beforeAll(async () => {
    redis = await RedisServer.start();
    nodes = Array.from({ length: 2 }, () => createRedisBackplane({ redis: createClient({ url: redis.url }) }));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await redis.stop();
  });

  const all = recipes.flatMap(([recipe, start]) =>
    writeServers.map(([framework, serve]) => ({ recipe, start, framework, serve })),
  );

  test.each(all)(
    "with $recipe on $framework, sees its change at once, and never the old value after it",
    async ({ recipe, start, framework, serve }) => {
      const [a, b] = nodes as [Backplane, Backplane];
      const key = `${recipe} ${framework}`;
      const setTitle = await start(key, b, a);
      const listening = await listen(serve(a.streams.get(key), setTitle));
      onTestFinished(() => listening.stop());
      const url = `http://127.0.0.1:${listening.port}`;
      const client = createStateClient<typeof initialState>(`${url}/events`);
      onTestFinished(client.close);
      await client.ready;
      const seen: (string | undefined)[] = [];
      client.subscribe(() => seen.push(client.getState()?.title));
      for (let round = 0; round < 5; round++) {
        const title = `title ${round}`;
        seen.length = 0;
        const answer = putTitle(url, title);
        await client.optimistic((state) => ({ ...state, title }), answer);
        expect(client.getState()?.title).toBe(title);
        // Of the change, and not an earlier one.
        expect((await answer).eventId).toBe(client.getStatus().eventId);
        expect(new Set(seen)).toEqual(new Set([title]));
      }
      // Not the layers: what the node has.
      expect(a.streams.get(key).state).toEqual({ title: "title 4" });
    },
  );
});
