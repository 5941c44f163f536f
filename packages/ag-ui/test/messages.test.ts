import { streamAgUi } from "@statestream/ag-ui";
import { StateStreamAgent } from "@statestream/ag-ui/client";
import { createStateStream, createStateViews, type WritableStateStream } from "@statestream/core";
import { describe, expect, it, vi } from "vitest";
import { Changes, randomOf, type TestMessage, type TestState } from "./support/changes.ts";
import { CuttableFetch } from "./support/cut.ts";
import { type Frame, framesOf, inputOf, isType, post, Reader } from "./support/frames.ts";

type State = { messages: TestMessage[]; n: number };

const options = { messages: "messages" };

async function follow(
  messages: TestMessage[],
  lastEventId = "",
): Promise<[WritableStateStream<State>, Reader, Frame[]]> {
  const stream = createStateStream<State>({ initialState: { messages, n: 0 } });
  const headers: Record<string, string> = lastEventId === "" ? {} : { "last-event-id": lastEventId };
  const reader = new Reader(await streamAgUi(post(inputOf(), headers), stream, options));
  return [stream, reader, await reader.until(isType("MESSAGES_SNAPSHOT"))];
}

/** What is sent for changes, up to the end of the run. */
async function sent(messages: TestMessage[], change: (stream: WritableStateStream<State>) => void): Promise<unknown[]> {
  const [stream, reader] = await follow(messages);
  change(stream);
  void stream.close();
  const frames = await reader.until(isType("RUN_FINISHED"));
  return frames.slice(0, -1).map(({ event }) => event);
}

const half = { id: "a", role: "assistant", content: "Hel" };

describe("The slice of the conversation", () => {
  it("is in neither STATE_SNAPSHOT nor STATE_DELTA", async () => {
    const [stream, reader, frames] = await follow([half]);
    expect(frames.slice(1).map(({ event }) => event)).toEqual([
      { type: "STATE_SNAPSHOT", snapshot: { n: 0 } },
      { type: "MESSAGES_SNAPSHOT", messages: [half] },
    ]);
    stream.batch(() => {
      stream.set("messages", []);
      stream.set("n", 1);
    });
    const [messages, state] = await reader.until(isType("STATE_DELTA"));
    expect(messages?.event).toEqual({ type: "MESSAGES_SNAPSHOT", messages: [] });
    expect(state?.event).toEqual({ type: "STATE_DELTA", delta: [{ op: "add", path: "/n", value: 1 }] });
    await reader.cancel();
  });

  it("a message that grows goes in pieces, and a client that joins in the middle has its beginning", async () => {
    const events = await sent([half], (stream) => {
      stream.append("messages", "/0/content", "lo");
      stream.append("messages", "/0/content", "!");
    });
    expect(events).toEqual([
      { type: "TEXT_MESSAGE_START", messageId: "a", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "lo" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "!" },
      { type: "TEXT_MESSAGE_END", messageId: "a" },
    ]);
  });

  it("a new message ends the one before it", async () => {
    const events = await sent([], (stream) => {
      stream.set("messages", [half]);
      stream.set("messages", (messages) => [...messages, { id: "u", role: "user", content: "Hi", name: "Ann" }]);
    });
    expect(events).toEqual([
      { type: "TEXT_MESSAGE_START", messageId: "a", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "Hel" },
      { type: "TEXT_MESSAGE_END", messageId: "a" },
      { type: "TEXT_MESSAGE_START", messageId: "u", role: "user", name: "Ann" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "u", delta: "Hi" },
      { type: "TEXT_MESSAGE_END", messageId: "u" },
    ]);
  });

  it("reasoning grows as reasoning", async () => {
    const events = await sent([], (stream) => {
      stream.set("messages", [{ id: "r", role: "reasoning", content: "Hm" }]);
      stream.append("messages", "/0/content", "m");
    });
    expect(events).toEqual([
      { type: "REASONING_MESSAGE_START", messageId: "r", role: "reasoning" },
      { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta: "Hm" },
      { type: "REASONING_MESSAGE_CONTENT", messageId: "r", delta: "m" },
      { type: "REASONING_MESSAGE_END", messageId: "r" },
    ]);
  });

  it("what cannot be said so is a MESSAGES_SNAPSHOT", async () => {
    const edited = { ...half, content: "Bye" };
    expect(await sent([half], (stream) => stream.set("messages", [edited]))).toEqual([
      { type: "MESSAGES_SNAPSHOT", messages: [edited] },
    ]);
  });

  it.each(["query", "options"])("is not spoken of to a client that does not follow it, by its %s", async (way) => {
    const stream = createStateStream<State>({ initialState: { messages: [half], n: 0 } });
    const request = new Request(`http://localhost/agent${way === "query" ? "?slices=n" : ""}`);
    const given = way === "query" ? options : { ...options, slices: ["n"] };
    const reader = new Reader(await streamAgUi(request, stream, given));
    const first = await reader.until(isType("STATE_SNAPSHOT"));
    stream.batch(() => {
      stream.set("messages", []);
      stream.set("n", 1);
    });
    const frames = [...first, ...(await reader.until(isType("STATE_DELTA")))];
    expect(frames.slice(1).map(({ event }) => event)).toEqual([
      { type: "STATE_SNAPSHOT", snapshot: { n: 0 } },
      { type: "STATE_DELTA", delta: [{ op: "add", path: "/n", value: 1 }] },
    ]);
    await reader.cancel();
  });

  it.each([
    ["is no list", "none"],
    ["has a message that clients would fail at", [{ id: "u", role: "user" }]],
  ])("that %s ends the run with invalid-messages", async (_, messages) => {
    const stream = createStateStream<{ messages: unknown }>({ initialState: { messages } });
    const frames = framesOf(await (await streamAgUi(post(inputOf()), stream, options)).text());
    expect(frames.at(-1)?.event).toMatchObject({ type: "RUN_ERROR", code: "invalid-messages" });
    expect(stream.stats().connections).toBe(0);
  });
});

describe("Event IDs", () => {
  it("stand on the last frame of a commit only, and never on RUN_STARTED", async () => {
    const [stream, reader, first] = await follow([]);
    stream.batch(() => {
      stream.set("messages", [half]);
      stream.set("n", 1);
    });
    const frames = [...first, ...(await reader.until(isType("STATE_DELTA")))];
    expect(frames.map(({ event, id }) => [event.type, id !== undefined])).toEqual([
      ["RUN_STARTED", false],
      ["STATE_SNAPSHOT", false],
      ["MESSAGES_SNAPSHOT", true],
      ["TEXT_MESSAGE_START", false],
      ["TEXT_MESSAGE_CONTENT", false],
      ["STATE_DELTA", true],
    ]);
    expect(frames.at(-1)?.id).toBe(stream.eventId);
    await reader.cancel();
  });

  it.each(["header", "query"])(
    "in the %s resume in the middle of a message: its START again, and only what was missed",
    async (way) => {
      const [stream, reader] = await follow([{ id: "u", role: "user", content: "Hi" }, half]);
      stream.append("messages", "/1/content", "lo");
      const seen = await reader.until(isType("TEXT_MESSAGE_CONTENT"));
      const id = seen.at(-1)?.id as string;
      await reader.cancel();
      stream.append("messages", "/1/content", ", wor");
      stream.set("n", 5);
      const request =
        way === "header"
          ? post(inputOf(), { "last-event-id": id })
          : new Request(`http://localhost/agent?lastEventId=${id}`);
      const again = new Reader(await streamAgUi(request, stream, options));
      const missed = await again.until(isType("STATE_DELTA"));
      stream.append("messages", "/1/content", "ld");
      const live = await again.until(isType("TEXT_MESSAGE_CONTENT"));
      expect([...missed, ...live].slice(1).map(({ event }) => event)).toEqual([
        { type: "TEXT_MESSAGE_START", messageId: "a", role: "assistant" },
        { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: ", wor" },
        { type: "STATE_DELTA", delta: [{ op: "add", path: "/n", value: 5 }] },
        { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "ld" },
      ]);
      await again.cancel();
    },
  );

  it("of a view resume: equal after 30 cuts while it grows and changes", async () => {
    const below = randomOf(7);
    const stream = createStateStream<State>({ initialState: { messages: [], n: 0 } });
    const views = createStateViews(stream, ({ messages, n }, _key: string) => ({ messages, n }));
    const view = views.get("one");
    const line = new CuttableFetch((request) => streamAgUi(request, view, options));
    const agent = new StateStreamAgent({ url: "http://localhost/agent", fetch: line.fetch });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const changes = new Changes(stream as unknown as WritableStateStream<TestState>, 3);
    const followed = agent.connectAgent();
    const pass = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step++) {
        await vi.advanceTimersByTimeAsync(500);
        await new Promise((resolve) => void setImmediate(resolve));
      }
    };
    for (let cut = 0; cut < 30; cut++) {
      for (let count = below(3); count > 0; count--) changes.grow();
      await pass(below(3));
      line.cut();
      for (let count = below(3); count > 0; count--) changes.grow();
      const requests = line.urls.length;
      for (let step = 0; step < 200 && line.urls.length === requests; step++) {
        // Also between the answer to the request and what was missed.
        if (below(3) === 0) changes.grow();
        await pass(1);
      }
      changes.grow();
    }
    await pass(20);
    const held = agent.messages;
    vi.useRealTimers();
    agent.abortRun();
    await followed;
    expect(held).toEqual(stream.state.messages);
  }, 30_000);

  it("of another stream are answered with a snapshot", async () => {
    const [, reader, frames] = await follow([half], "AAAAAAAAAAA.5");
    expect(frames.map(({ event }) => event.type)).toEqual(["RUN_STARTED", "STATE_SNAPSHOT", "MESSAGES_SNAPSHOT"]);
    await reader.cancel();
  });
});
