import { StateStreamAgent } from "@statestream/ag-ui/client";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { describe, expect, it, vi } from "vitest";
import { CuttableFetch, fakeTimeouts, settle } from "./support/cut.ts";
import { expectQuiet } from "./support/quiet.ts";

const url = "http://localhost/agent";

expectQuiet();

fakeTimeouts();

/** An agent that follows, and what its reader sees. */
async function following() {
  const stream = createStateStream({ initialState: { n: 1, messages: [] as unknown[] } });
  const line = new CuttableFetch((request) => streamAgUi(request, stream, { messages: "messages" }));
  const agent = new StateStreamAgent({ url, fetch: line.fetch });
  const events: string[] = [];
  const errors: (string | undefined)[] = [];
  agent.subscribe({
    onEvent: ({ event }) => void events.push(event.type),
    onRunErrorEvent: ({ event }) => void errors.push(event.code),
  });
  const followed = agent.connectAgent();
  await settle();
  const end = async (): Promise<void> => {
    agent.abortRun();
    await followed;
  };
  return { stream, line, agent, events, errors, followed, end };
}

describe("A StateStreamAgent", () => {
  it("ends with RUN_FINISHED when the stream is closed, and ends what is open before", async () => {
    const { stream, events, followed } = await following();
    stream.set("messages", [{ id: "a", role: "assistant", content: "Hi" }]);
    await settle();
    await stream.close();
    await followed;
    expect(events.slice(-2)).toEqual(["TEXT_MESSAGE_END", "RUN_FINISHED"]);
  });

  it.each(["draining", "max-age", "expired", "overloaded", "unavailable"] as const)(
    "comes back after %s and goes on, and its reader sees one run",
    async (reason) => {
      const { stream, line, events, agent, end } = await following();
      for (const connection of stream.connections) connection.end(reason);
      await settle();
      stream.set("n", 2);
      await vi.advanceTimersByTimeAsync(10_000);
      await settle();
      expect(line.urls).toHaveLength(2);
      expect(line.urls[1]).toContain("lastEventId=");
      expect(agent.state).toEqual({ n: 2 });
      expect(events).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT", "STATE_DELTA"]);
      await end();
    },
  );

  it("ends with RUN_ERROR revoked and does not come back", async () => {
    const { stream, line, errors, followed } = await following();
    for (const connection of stream.connections) connection.end("revoked");
    await settle();
    await followed;
    await vi.advanceTimersByTimeAsync(120_000);
    expect([errors, line.urls.length]).toEqual([["revoked"], 1]);
  });

  it.each([
    [403, "http-403", 1],
    [401, "http-401", 2],
    [200, "not-a-stream", 5],
  ])("gives up on an answer %i", async (status, code, requests) => {
    let count = 0;
    const errors: (string | undefined)[] = [];
    const agent = new StateStreamAgent({ url, fetch: async () => (count++, new Response("no", { status })) });
    agent.subscribe({ onRunErrorEvent: ({ event }) => void errors.push(event.code) });
    const followed = agent.connectAgent();
    for (let step = 0; step < 60; step++) {
      await vi.advanceTimersByTimeAsync(1000);
      await settle(1);
    }
    await followed;
    expect([errors, count]).toEqual([[code], requests]);
  });

  it("comes back after an answer that is no stream where it has been one: a page of a proxy, or headers that were cut", async () => {
    const { stream, line, agent, errors, end } = await following();
    const { fetch } = line;
    let count = 0;
    agent.fetch = async (...request) => (++count > 10 ? fetch(...request) : new Response("<h1>Sorry</h1>"));
    line.cut();
    stream.set("n", 2);
    for (let step = 0; step < 2000 && count < 11; step++) {
      await vi.advanceTimersByTimeAsync(500);
      await settle(1);
    }
    await settle();
    expect([errors, agent.state]).toEqual([[], { n: 2 }]);
    await end();
  });

  it("waits longer after each failure, and at least as long as Retry-After says", async () => {
    const at: number[] = [];
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const agent = new StateStreamAgent({
      url,
      fetch: async () => {
        at.push(Date.now());
        return new Response("", { status: 503, headers: at.length === 5 ? { "retry-after": "100" } : {} });
      },
    });
    const followed = agent.connectAgent();
    await vi.advanceTimersByTimeAsync(140_000);
    const waits = at.slice(1).map((time, index) => time - (at[index] as number));
    expect(waits.slice(0, 4)).toEqual([3000, 4000, 6000, 10_000]);
    expect(waits[4]).toBeGreaterThanOrEqual(100_000);
    agent.abortRun();
    await followed;
  });

  it("takes two and a half heartbeats without a byte for a lost connection", async () => {
    const { line, end, stream } = await following();
    // The server lives, but nothing arrives any more.
    for (const connection of stream.connections) connection.onReadable(() => undefined);
    await vi.advanceTimersByTimeAsync(2.5 * 15_000 - 1);
    expect(line.urls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    await settle();
    expect(line.urls).toHaveLength(2);
    await end();
  });

  it("stops when the run is aborted or detached, and can follow again", async () => {
    const { agent, stream, errors, followed } = await following();
    agent.abortRun();
    await followed;
    await settle();
    expect([errors, stream.stats().connections]).toEqual([["abort"], 0]);
    const again = agent.connectAgent();
    await settle();
    expect(stream.stats().connections).toBe(1);
    await agent.detachActiveRun();
    await again;
    await settle();
    expect(stream.stats().connections).toBe(0);
  });

  it("is not running while it follows, or a front end would not let its user ask", async () => {
    const { agent, end } = await following();
    expect(agent.isRunning).toBe(false);
    await end();
  });

  it("can be cloned", async () => {
    const { agent, stream, end } = await following();
    const clone = agent.clone() as StateStreamAgent;
    const followed = clone.connectAgent();
    await settle();
    stream.set("n", 7);
    await settle();
    expect(clone.state).toEqual({ n: 7 });
    clone.abortRun();
    await followed;
    await end();
  });

  it.each([
    ["is cut", (line: CuttableFetch) => line.cut()],
    ["is ended by something in between", (line: CuttableFetch) => line.end()],
  ])("a run whose connection %s ends with RUN_ERROR connection-lost, and resolves", async (_, lose) => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const line = new CuttableFetch((request) =>
      streamAgUi(request, stream, { run: () => new Promise(() => undefined) }),
    );
    const agent = new StateStreamAgent({ url, fetch: line.fetch });
    const errors: (string | undefined)[] = [];
    agent.subscribe({ onRunErrorEvent: ({ event }) => void errors.push(event.code) });
    const run = agent.runAgent();
    await settle();
    lose(line);
    await run;
    await settle();
    expect([errors, agent.state, stream.stats().connections]).toEqual([["connection-lost"], { n: 1 }, 0]);
  });

  it("a run whose connection is lost after its end has ended as it did", async () => {
    const stream = createStateStream({ initialState: { n: 1 } });
    const line = new CuttableFetch((request) => streamAgUi(request, stream, { run: async () => stream.set("n", 2) }));
    line.breaksAtEnd = true;
    const agent = new StateStreamAgent({ url, fetch: line.fetch });
    const events: string[] = [];
    agent.subscribe({ onEvent: ({ event }) => void events.push(event.type) });
    await agent.runAgent();
    expect(events).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "RUN_FINISHED"]);
  });
});
