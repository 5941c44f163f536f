import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RedisServer } from "@statestream/redis-server";
import { type Backplane, createRedisBackplane } from "../../src/index.ts";
import { HAS_REDIS, SKIPPED } from "../support/installed.ts";

const SOON = { timeout: 15_000, interval: 20 };

describe.skipIf(!HAS_REDIS)(`healing${SKIPPED}`, { timeout: 60_000 }, () => {
  let server: RedisServer;
  const nodes: Backplane[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    await server.stop();
  });

  const node = (credentials: object = {}) => {
    const errors: string[] = [];
    const redis = createClient({ url: server.url, ...credentials });
    const backplane = createRedisBackplane({ redis, leaseMs: 1500, onError: ({ message }) => errors.push(message) });
    nodes.push(backplane);
    return { backplane, errors };
  };
  const textOf = ({ backplane }: { backplane: Backplane }): unknown =>
    (backplane.streams.get("room").state as { text?: string }).text;

  test("changes that are appended while their channel is forbidden arrive everywhere once it is allowed", async () => {
    await server.command("ACL", "SETUSER", "app", "on", ">password", "allkeys", "allchannels", "allcommands");
    const a = node({ username: "app", password: "password" });
    const b = node();
    const writer = a.backplane.writer("room", { initialState: { text: "" } });
    await writer.leads();
    const connection = b.backplane.streams.get("room").connect();
    await vi.waitFor(() => expect(textOf(b)).toBe(""), SOON);
    await server.command("ACL", "SETUSER", "app", "resetchannels", "&statestream:probe*");
    for (let change = 1; change <= 20; change++) writer.set("text", `change ${change}`);
    const expected = /Changes of stream "room" could not be published.*docs\/operations\.md lists/;
    await vi.waitFor(() => expect(a.errors).toContainEqual(expect.stringMatching(expected)), SOON);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await server.command("ACL", "SETUSER", "app", "allchannels");
    // Nothing confirmed its lease meanwhile.
    await writer.leads();
    await writer.flushed({ timeoutMs: 10_000 });
    await vi.waitFor(() => expect(textOf(b)).toBe("change 20"), { timeout: 2000 });
    writer.set("text", "afterwards");
    await vi.waitFor(() => expect(textOf(b)).toBe("afterwards"), SOON);
    // One cause is reported once, however often it was tried.
    expect(a.errors.filter((message) => message.includes("could not be published"))).toHaveLength(1);
    connection.close();
  });

  test("a log with commits beyond the head, as an interrupted script leaves them, is replaced by its leader", async () => {
    const a = node();
    const b = node();
    const writer = a.backplane.writer("room", { initialState: { text: "" } });
    await writer.leads();
    writer.set("text", "before");
    await writer.flushed();
    const fields = ["e", "otherepoch0", "p", "otherepoch0", "f", "2", "d", "1 0\nnothing"];
    await server.command("XADD", "statestream:{room}:l", "2-0", ...fields);
    // Who joins meanwhile is given the state at the head.
    const connection = b.backplane.streams.get("room").connect();
    await vi.waitFor(() => expect(textOf(b)).toBe("before"), SOON);
    writer.set("text", "after");
    await writer.flushed({ timeoutMs: 10_000 });
    await vi.waitFor(() => expect(textOf(b)).toBe("after"), SOON);
    expect([a.errors, b.errors]).toStrictEqual([[], []]);
    connection.close();
  });

  test("the same is replaced by the next update, where nobody leads", async () => {
    const { backplane } = node();
    const write = (text: string) => backplane.update("room", { text: "" }, () => ({ text }));
    await write("before");
    await server.command("XADD", "statestream:{room}:l", "2-0", "e", "x", "p", "x", "f", "2", "d", "1 0\nnothing");
    await write("after");
    await vi.waitFor(() => expect(textOf({ backplane })).toBe("after"), SOON);
  });

  test("what fails for one stream does not hold up those that share its calls", async () => {
    const { backplane, errors } = node();
    const writers = ["room", "other"].map((key) => backplane.writer(key, { initialState: { text: "" } }));
    await Promise.all(writers.map((writer) => writer.leads()));
    await server.command("DEL", "statestream:{room}:s");
    await server.command("SET", "statestream:{room}:s", "of somebody else");
    for (const writer of writers) writer.set("text", "x".repeat(40_000));
    await writers[1]?.flushed({ timeoutMs: 5000 });
    await vi.waitFor(() => expect(errors.join(" ")).toContain("WRONGTYPE"), SOON);
    await server.command("DEL", "statestream:{room}:s");
    await writers[0]?.flushed({ timeoutMs: 10_000 });
  });

  test("a missing password is reported once for the connection, and says what to do", async () => {
    await server.command("CONFIG", "SET", "requirepass", "secret");
    const { backplane, errors } = node();
    void backplane.writer("room", { initialState: { text: "" } });
    void backplane.streams.get("other").connect();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(errors.length).toBeGreaterThanOrEqual(1);
    expect(new Set(errors).size).toBe(errors.length);
    expect(errors.length).toBeLessThanOrEqual(3);
    for (const message of errors) expect(message).toMatch(/redis:\/\/:password@host|could not be reached/);
    expect(errors.join(" ")).toContain("redis://:password@host");
  });

  test("without onError there is one process warning for it", async () => {
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", hear);
    await server.command("CONFIG", "SET", "requirepass", "secret");
    const backplane = createRedisBackplane({ redis: createClient({ url: server.url }) });
    nodes.push(backplane);
    void backplane.writer("room", { initialState: { text: "" } });
    void backplane.streams.get("other").connect();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    process.off("warning", hear);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/redis:\/\/:password@host/);
  });
});
