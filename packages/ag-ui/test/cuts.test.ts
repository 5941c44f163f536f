import { StateStreamAgent } from "@statestream/ag-ui/client";
import { type AgUiOptions, streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { describe, expect, it, vi } from "vitest";
import { Changes, randomOf, type TestState } from "./support/changes.ts";
import { CuttableFetch, fakeTimeouts, settle } from "./support/cut.ts";
import { framesOfResponse, typesOf } from "./support/frames.ts";
import { expectQuiet } from "./support/quiet.ts";

const url = "http://localhost/agent";

expectQuiet();

fakeTimeouts();

async function cuts(
  count: number,
  seed: number,
  change: (changes: Changes) => void,
  options: AgUiOptions = {},
): Promise<CuttableFetch> {
  const stream = createStateStream<TestState>({ initialState: { messages: [], "a/b": { x: 1 } } });
  const changes = new Changes(stream, seed);
  const below = randomOf(seed + 1);
  const line = new CuttableFetch((request) => streamAgUi(request, stream, { messages: "messages", ...options }));
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

/** The types of the events that arrived in full; each response has to make sense by itself. */
async function typesReceived({ texts }: CuttableFetch): Promise<string[]> {
  const responses = await Promise.all(texts.map(framesOfResponse));
  return responses.flatMap(typesOf);
}

describe("A StateStreamAgent whose line is cut", () => {
  it("is equal after 1,000 random cuts while a conversation grows, and is sent one snapshot", async () => {
    const line = await cuts(1000, 1, (changes) => changes.grow());
    const types = await typesReceived(line);
    expect(line.urls.length).toBeGreaterThan(900);
    expect(types.filter((type) => type === "STATE_SNAPSHOT")).toHaveLength(1);
    expect(types.filter((type) => type === "TEXT_MESSAGE_CONTENT").length).toBeGreaterThan(300);
  }, 60_000);

  it("is equal after 300 random cuts among changes of every kind, and is sent one snapshot of the state", async () => {
    const line = await cuts(300, 2, (changes) => changes.change());
    const types = await typesReceived(line);
    expect(types.filter((type) => type === "STATE_SNAPSHOT")).toHaveLength(1);
  }, 60_000);

  it("resumes at a rate too: equal after 100 random cuts, and is sent one snapshot of the state", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const line = await cuts(100, 3, (changes) => changes.change(), { maxRateHz: 2 });
    const types = await typesReceived(line);
    expect(types.filter((type) => type === "STATE_SNAPSHOT")).toHaveLength(1);
  }, 60_000);
});
