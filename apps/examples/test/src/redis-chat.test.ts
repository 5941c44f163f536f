import { RedisServer, redisServerVersion } from "@statestream/redis-server";
import { expect, onTestFinished, test } from "vitest";
import { follow, peek, post, rest, start, take } from "./support.ts";

const installed = redisServerVersion() !== undefined;
const skipped = installed ? "" : " (skipped: redis-server is not installed)";

test.skipIf(!installed)(
  `redis-chat: any node takes a message, each is stored once, and clients continue on another node${skipped}`,
  async () => {
    const redis = await RedisServer.start();
    onTestFinished(() => redis.stop());
    const [one, two] = await Promise.all([1, 2].map(() => start("redis-chat", { REDIS_URL: redis.url })));
    if (one === undefined || two === undefined) throw new Error("A node did not start.");
    const say = (url: string, body: string, key?: string): Promise<number> =>
      post(`${url}/rooms/blue`, { body, headers: key === undefined ? {} : { "idempotency-key": key } });

    const [ofOne, ofTwo] = [follow(`${one.url}/rooms/blue`), follow(`${two.url}/rooms/blue`)];
    for (const events of [ofOne, ofTwo])
      expect(await take(events, 1)).toMatchObject([{ type: "state.initial", slices: { messages: [] } }]);

    expect(await say(one.url, "hello", "key-1")).toBe(200);
    for (const events of [ofOne, ofTwo]) {
      const [event] = await take(events, 1);
      expect(JSON.stringify(event)).toContain('"text":"hello"');
      expect(event).toMatchObject({ cause: { type: "message" } });
    }
    // The answer was lost, say, and the page repeats the message on another node.
    expect(await say(two.url, "hello", "key-1")).toBe(200);
    const all = Array.from({ length: 20 }, (_, n) => `message ${n}`);
    expect(new Set(await Promise.all(all.map((text, n) => say(n % 2 === 0 ? one.url : two.url, text))))).toEqual(
      new Set([200]),
    );
    const [snapshot] = await peek(`${two.url}/rooms/blue`, 1);
    const { messages } = (snapshot as unknown as { slices: { messages: { text: string }[] } }).slices;
    expect(messages.map(({ text }) => text).sort()).toEqual(["hello", ...all].sort());

    const ending = rest(ofOne);
    expect(await one.stop()).toBe(0);
    const left = await ending;
    expect(left.at(-1)).toMatchObject({ type: "state.end", reason: "draining" });
    expect(await say(two.url, "still here")).toBe(200);
    const last = left.findLast(({ id }) => id !== "")?.id ?? "";
    const resumed = follow(`${two.url}/rooms/blue`, { "last-event-id": last });
    let next = await take(resumed, 1);
    while (next[0]?.type === "heartbeat") next = await take(resumed, 1);
    await resumed.return(undefined);
    expect(next).toMatchObject([{ type: "state.update" }]);
    expect(JSON.stringify(next)).toContain("still here");
    expect(await two.stop()).toBe(0);
  },
  60_000,
);
