import { HttpAgent } from "@ag-ui/client";
import type { RunAgentInput } from "@ag-ui/core";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { describe, expect, it } from "vitest";
import { framesOf, framesOfResponse, inputOf, isType, post, Reader, typesOf } from "./support/frames.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("The application's agent", () => {
  it("is given the input, and what it changed is sent before RUN_FINISHED, while the stream lives on", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const given: RunAgentInput[] = [];
    const response = await streamAgUi(post(inputOf({ state: { a: 1 } })), stream, {
      run: async (input) => {
        given.push(input);
        await turn();
        stream.set("step", 1);
        await turn();
        stream.set("step", 2);
      },
    });
    const frames = framesOf(await response.text());
    expect(typesOf(frames)).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "STATE_DELTA", "STATE_DELTA", "RUN_FINISHED"]);
    expect(given).toEqual([{ threadId: "t1", runId: "r1", messages: [], tools: [], context: [], state: { a: 1 } }]);
    expect(frames.at(-1)?.event).toEqual({ type: "RUN_FINISHED", threadId: "t1", runId: "r1" });
    expect(stream.closing).toBeUndefined();
    expect(stream.stats().connections).toBe(0);
  });

  it("that does everything at once has it in the first snapshot, and one that does nothing ends its run", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const done = await streamAgUi(post(inputOf()), stream, { run: async () => stream.set("step", 1) });
    const frames = framesOf(await done.text());
    expect(frames.map(({ event }) => event["snapshot"] ?? event.type)).toEqual([
      "RUN_STARTED",
      { step: 1 },
      "RUN_FINISHED",
    ]);
    const idle = await streamAgUi(post(inputOf()), stream, { run: async () => undefined });
    expect(typesOf(framesOf(await idle.text()))).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "RUN_FINISHED"]);
  });

  it.each([
    ["rejects", async () => Promise.reject(new Error("secret"))],
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
  ])("that %s ends its run with RUN_ERROR and without the error's text", async (_, run) => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const text = await (await streamAgUi(post(inputOf()), stream, { run })).text();
    expect(framesOf(text).at(-1)?.event).toMatchObject({ type: "RUN_ERROR", code: "run-failed" });
    expect(text).not.toContain("secret");
  });

  it("learns by its signal that the client has left", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    const signals: AbortSignal[] = [];
    const response = await streamAgUi(post(inputOf()), stream, {
      run: (_, signal) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    const reader = new Reader(response);
    await reader.until(isType("STATE_SNAPSHOT"));
    expect(signals[0]?.aborted).toBe(false);
    await reader.cancel();
    expect(signals[0]?.aborted).toBe(true);
    expect(stream.stats().connections).toBe(0);
  });

  it.each(["draining", "max-age", "expired", "revoked", "overloaded", "unavailable", "closed"] as const)(
    "learns by its signal that the server has ended the connection: %s",
    async (reason) => {
      const stream = createStateStream({ initialState: { step: 0 } });
      const signals: AbortSignal[] = [];
      const response = await streamAgUi(post(inputOf()), stream, {
        run: (_, signal) => {
          signals.push(signal);
          return new Promise(() => undefined);
        },
      });
      const text = response.text();
      await expect.poll(() => signals[0]?.aborted).toBe(false);
      for (const connection of stream.connections) connection.end(reason);
      const { event } = (await framesOfResponse(await text)).at(-1) ?? {};
      expect([event?.type, event?.["code"]]).toEqual(
        reason === "closed" ? ["RUN_FINISHED", undefined] : ["RUN_ERROR", reason],
      );
      expect(signals[0]?.aborted).toBe(true);
    },
  );

  it("that resolves between two flushes of a rate has all its changes sent before RUN_FINISHED", async () => {
    const stream = createStateStream({ initialState: { step: 0, messages: [] as unknown[] } });
    const response = await streamAgUi(post(inputOf()), stream, {
      messages: "messages",
      maxRateHz: 1,
      run: async () => {
        for (let step = 1; step <= 5; step++) {
          await turn();
          stream.set("step", step);
          stream.set("messages", [{ id: "a", role: "assistant", content: "-".repeat(step) }]);
        }
      },
    });
    const text = await response.text();
    await framesOfResponse(text);
    const agent = new HttpAgent({
      url: "",
      fetch: async () => new Response(text, { headers: { "content-type": "text/event-stream" } }),
    });
    await agent.runAgent();
    expect([agent.state, agent.messages]).toEqual([{ step: 5 }, stream.state.messages]);
  });

  it("is not called where nobody reads the response", async () => {
    const stream = createStateStream({ initialState: { step: 0 } });
    let calls = 0;
    await streamAgUi(post(inputOf()), stream, { run: async () => void calls++ });
    await turn();
    expect(calls).toBe(0);
  });
});

describe("Backpressure", () => {
  it("a client that reads nothing is not read ahead of, and gets the newest state when it reads on", async () => {
    const stream = createStateStream({ initialState: { text: "" } });
    const reader = new Reader(await streamAgUi(post(inputOf()), stream));
    await reader.until(isType("STATE_SNAPSHOT"));
    const before = stream.stats().bytesWritten;
    for (let count = 0; count < 200; count++) {
      stream.set("text", `${count}`.repeat(2000));
      await turn();
    }
    // At most what was requested before.
    expect(stream.stats().bytesWritten - before).toBeLessThan(20_000);
    stream.set("text", "last");
    const frames = await reader.until(({ event }) => JSON.stringify(event).includes('"last"'));
    expect(frames.length).toBeLessThan(60);
    await reader.cancel();
  });
});
