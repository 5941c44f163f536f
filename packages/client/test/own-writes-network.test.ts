import {
  createStateStream,
  createStateViews,
  type StateSource,
  type StateStream,
  type WritableStateStream,
} from "@statestream/core";
import { expect, onTestFinished, test } from "vitest";
import { createStateClient } from "../src/index.ts";
import { listen } from "./support/listen.ts";
import { putTitle, type SetTitle, writeServers } from "./support/write-servers.ts";

// The recipes of the README, over the network.

interface State {
  readonly title: string;
  readonly count: number;
}

function createStream(): WritableStateStream<State> {
  const stream = createStateStream<State>({ initialState: { title: "old", count: 0 } });
  onTestFinished(() => stream.close());
  return stream;
}

async function serve(stream: StateStream, setTitle: SetTitle, [, server] = writeServers[0]!): Promise<string> {
  const listening = await listen(server(stream, setTitle));
  onTestFinished(() => listening.stop());
  return `http://127.0.0.1:${listening.port}`;
}

async function follow<S extends object>(
  url: string,
  slices?: (keyof S & string)[],
): Promise<ReturnType<typeof createStateClient<S>>> {
  const client = createStateClient<S>(`${url}/events`, slices && { slices });
  onTestFinished(client.close);
  await client.ready;
  return client;
}

/** Saves some titles: each shows at once, stays, and is what the server has. */
async function saveTitles(url: string, serverTitle: () => unknown): Promise<void> {
  const client = await follow<{ title: string }>(url);
  const seen: (string | undefined)[] = [];
  client.subscribe(() => seen.push(client.getState()?.title));
  for (let round = 0; round < 10; round++) {
    const title = `title ${round}`;
    seen.length = 0;
    const answer = putTitle(url, title);
    const saved = client.optimistic((state) => ({ ...state, title }), answer);
    expect(client.getState()?.title).toBe(title);
    await saved;
    // Of the change, and not an earlier one.
    expect((await answer).eventId).toBe(client.getStatus().eventId);
    expect([client.getState()?.title, serverTitle()]).toEqual([title, title]);
    expect(new Set(seen)).toEqual(new Set([title]));
  }
}

test.each(writeServers)("a page of %s sees its change at once, and never the old value after it", async (...server) => {
  const stream = createStream();
  const setTitle = (title: string): string => {
    stream.set("title", title);
    return stream.eventId;
  };
  await saveTitles(await serve(stream, setTitle, server), () => stream.state.title);
});

test("so does a page of a stream with a source", async () => {
  let state = { title: "old" };
  let changed = (): void => {};
  const source: StateSource<typeof state> = {
    getState: () => state,
    subscribe(listener) {
      changed = () => listener({});
      return () => {};
    },
  };
  const stream = createStateStream({ source });
  onTestFinished(() => stream.close());
  const setTitle = (title: string): string => {
    state = { title };
    changed();
    return stream.eventId;
  };
  await saveTitles(await serve(stream, setTitle), () => state.title);
});

test("so does a page of a view, which is answered with the view's own position", async () => {
  const stream = createStream();
  const views = createStateViews(stream, ({ title }, key) => ({ title, key }));
  const setTitle = (title: string): string => {
    stream.set("title", title);
    return views.get("ann").eventId;
  };
  await saveTitles(await serve(views.get("ann"), setTitle), () => stream.state.title);
});

test(
  "a client that follows some slices reaches a position of others within 250 ms, not with the next heartbeat",
  { timeout: 20_000 },
  async () => {
    const stream = createStream();
    const client = await follow<Pick<State, "title">>(await serve(stream, () => ""), ["title"]);
    const durations: number[] = [];
    for (let round = 0; round < 12; round++) {
      const start = performance.now();
      stream.batch(() => {
        stream.set("title", `title ${round}`);
        stream.set("count", (count) => count + 1);
      });
      await client.reached(stream.eventId, { timeoutMs: 5000 });
      durations.push(performance.now() - start);
      expect(client.getState()).toEqual({ title: `title ${round}` });
      // At another moment between two bookmarks each time.
      await new Promise((resolve) => setTimeout(resolve, 37 * round));
    }
    // The first connects again, to ask for bookmarks. This machine may be busy, so one in ten may be late.
    const late = durations.slice(1).filter((ms) => ms > 260);
    expect(late.length, `${durations.map(Math.round).join(", ")} ms`).toBeLessThanOrEqual(1);
  },
);
