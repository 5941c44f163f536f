import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Health } from "../../src/cluster/health.ts";

describe("Health", () => {
  const PROBE_MS = 1000;
  let health: Health;
  let log: string[];
  /** Whether probes are answered, and whether they are heard. */
  let works: { commands: boolean; messages: boolean };

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    log = [];
    works = { commands: true, messages: true };
    health = new Health({
      probeMs: PROBE_MS,
      send: async (n) => {
        if (works.messages) health.heard(n);
        if (!works.commands) throw new Error("no answer");
      },
      reopenCommands: () => log.push("reopen commands"),
      reopenMessages: () => log.push("reopen messages"),
    });
    health.onChange((change) => log.push(change));
  });
  afterEach(() => {
    health.close();
    vi.useRealTimers();
  });

  const probes = (count: number) => vi.advanceTimersByTimeAsync(count * PROBE_MS);

  test("says nothing while all is well", async () => {
    await probes(20);
    expect(log).toEqual([]);
    expect(health.downSince).toBeUndefined();
  });

  test.each(["commands", "messages"] as const)("is down when three probes were missed by %s", async (lost) => {
    await probes(5);
    works[lost] = false;
    await probes(3);
    expect(log).toEqual([]);
    await probes(1);
    expect(log).toEqual(["down", `reopen ${lost}`]);
    // The last good one.
    expect(health.downSince).toBe(5 * PROBE_MS);
  });

  test("makes a connection anew again and again, but not at every probe", async () => {
    works = { commands: false, messages: false };
    await probes(4);
    expect(log).toEqual(["down", "reopen commands", "reopen messages"]);
    await probes(4);
    expect(log).toHaveLength(3);
    await probes(1);
    expect(log.slice(3)).toEqual(["reopen commands", "reopen messages"]);
    await probes(5);
    expect(log).toHaveLength(7);
  });

  test("is up when a probe was both answered and heard", async () => {
    works = { commands: false, messages: false };
    await probes(4);
    works.messages = true;
    await probes(1);
    expect(health.downSince).toBe(0);
    works.commands = true;
    await probes(1);
    expect(log.at(-1)).toBe("up");
    expect(health.downSince).toBeUndefined();
    await probes(5);
    expect(log.filter((change) => change === "up")).toHaveLength(1);
  });

  test("says up after a connection was lost that nobody missed, but not for the first one", async () => {
    health.connected(false);
    await probes(1);
    expect(log).toEqual([]);
    health.connected(true);
    await probes(0);
    expect(log).toEqual(["up"]);
  });

  test("does not take a process that was stopped for cut off", async () => {
    await probes(5);
    vi.setSystemTime(Date.now() + 3_600_000);
    await probes(5);
    expect(log).toEqual([]);
  });

  test("replaces both connections at the next probe when that is requested", async () => {
    health.reopenSoon();
    health.reopenSoon();
    expect(log).toEqual([]);
    await probes(3);
    expect(log).toEqual(["reopen commands", "reopen messages"]);
  });

  test("neither keeps a process alive nor probes after close", async () => {
    vi.useRealTimers();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    let sent = 0;
    const send = async () => void sent++;
    const closed = new Health({ probeMs: 1, send, reopenCommands: () => {}, reopenMessages: () => {} });
    expect(timers()).toBe(before);
    await vi.waitFor(() => expect(sent).toBeGreaterThan(0));
    closed.close();
    const until = sent;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent).toBe(until);
  });
});
