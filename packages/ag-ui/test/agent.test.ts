import { StateStreamAgent } from "@statestream/ag-ui/client";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Changes, randomOf, type TestState } from "./support/changes.ts";
import { CuttableFetch } from "./support/cut.ts";
import { framesOf } from "./support/frames.ts";

const url = "http://localhost/agent";

const unhandled: unknown[] = [];
const warnings: string[] = [];
const note = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  unhandled.length = 0;
  // What a client of AG-UI cannot apply it drops with a warning.
  vi.spyOn(console, "warn").mockImplementation((...args) => void warnings.push(args.join(" ")));
  process.on("unhandledRejection", note);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  expect(warnings.splice(0)).toEqual([]);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** Lets everything happen that needs no timer. */
async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => void setImmediate(resolve));
}

async function cuts(count: number, seed: number, change: (changes: Changes) => void): Promise<CuttableFetch> {
  const stream = createStateStream<TestState>({ initialState: { messages: [], "a/b": { x: 1 } } });
  const changes = new Changes(stream, seed);
  const below = randomOf(seed + 1);
  const line = new CuttableFetch((request) => streamAgUi(request, stream, { messages: "messages" }));
  const agent = new StateStreamAgent({ url, fetch: line.fetch });
  const followed = agent.connectAgent();
  await settle();
  for (let cut = 0; cut < count; cut++) {
    // The commits of a conversation, some while the client is away.
    for (let n = below(4); n > 0; n--) change(changes);
    if (below(3) === 0) line.limit = below(3000);
    await settle(below(4));
    line.cut();
    const requests = line.urls.length;
    for (let n = below(4); n > 0; n--) change(changes);
    // In small steps, or the silence of a stopped clock would count as a lost connection.
    for (let step = 0; step < 200 && line.urls.length === requests; step++) {
      await vi.advanceTimersByTimeAsync(500);
      await settle(1);
    }
  }
  // A stream that is closed gives nothing but its end.
  const requests = line.urls.length;
  line.cut();
  for (let step = 0; step < 200 && line.urls.length === requests; step++) await vi.advanceTimersByTimeAsync(500);
  await settle(20);
  const closed = stream.close();
  await vi.advanceTimersByTimeAsync(60_000);
  await closed;
  await followed;
  const { messages, ...state } = stream.state;
  expect(agent.messages).toEqual(messages);
  expect(agent.state).toEqual(state);
  return line;
}

describe("A StateStreamAgent", () => {
  it("is equal after 1,000 random cuts while a conversation grows, and is sent one snapshot", async () => {
    const line = await cuts(1000, 1, (changes) => changes.grow());
    const types = line.texts.flatMap((text) =>
      framesOf(text.slice(0, text.lastIndexOf("\n\n") + 2)).map(({ event }) => event.type),
    );
    expect(line.urls.length).toBeGreaterThan(900);
    expect(types.filter((type) => type === "STATE_SNAPSHOT")).toHaveLength(1);
    expect(types.filter((type) => type === "TEXT_MESSAGE_CONTENT").length).toBeGreaterThan(300);
  }, 60_000);

  it("is equal after 300 random cuts among changes of every kind, and is sent one snapshot of the state", async () => {
    const line = await cuts(300, 2, (changes) => changes.change());
    const types = line.texts.flatMap((text) =>
      framesOf(text.slice(0, text.lastIndexOf("\n\n") + 2)).map(({ event }) => event.type),
    );
    expect(types.filter((type) => type === "STATE_SNAPSHOT")).toHaveLength(1);
  }, 60_000);
});
