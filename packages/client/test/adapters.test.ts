import { getRequestListener } from "@hono/node-server";
import { createStateStream, type Json, type StateStream, type WritableStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import { streamState as expressState } from "@statestream/express";
import { streamState as honoState } from "@statestream/hono";
import { streamState as koaState } from "@statestream/koa";
import express from "express";
import fc from "fast-check";
import { Hono } from "hono";
import Koa from "koa";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createStateClient, type DeepReadonly, type StateClient, type StateClientOptions } from "../src/index.ts";
import { believes, until } from "./support/believes.ts";
import { listen, type Listener, type Listening } from "./support/listen.ts";

interface State {
  readonly list: readonly number[];
  readonly text: string;
  readonly tree: Readonly<Record<string, Json>>;
}

type Copy = DeepReadonly<State>;
type Stream = WritableStateStream<State>;

/** Serves clients that have the token; without a token, everybody. */
interface Served {
  stream: Stream;
  token?: { readonly value: string; readonly expiresAt: number } | undefined;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const allowed = ({ token }: Served, authorization: string | undefined): boolean =>
  token === undefined || authorization === `Bearer ${token.value}`;

const adapters: [string, (served: Served) => Listener][] = [
  [
    "Hono",
    (served) => {
      const app = new Hono();
      app.get("/events", (c) =>
        allowed(served, c.req.header("authorization"))
          ? honoState(c, served.stream, { expiresAt: served.token?.expiresAt })
          : c.body(null, 401),
      );
      const listener = getRequestListener(app.fetch);
      return (req, res) => void listener(req, res);
    },
  ],
  [
    "Express",
    (served) => {
      const app = express();
      app.get("/events", (req, res) => {
        if (allowed(served, req.headers.authorization))
          expressState(req, res, served.stream, { expiresAt: served.token?.expiresAt });
        else res.sendStatus(401);
      });
      return app;
    },
  ],
  [
    "Koa",
    (served) => {
      const app = new Koa();
      app.use((ctx) => {
        if (allowed(served, ctx.get("authorization")))
          koaState(ctx, served.stream, { expiresAt: served.token?.expiresAt });
        else ctx.status = 401;
      });
      const callback = app.callback();
      return (req, res) => void callback(req, res);
    },
  ],
  [
    "node:http",
    (served) => (req, res) => {
      if (allowed(served, req.headers.authorization))
        writeStateStream(req, res, served.stream, { expiresAt: served.token?.expiresAt });
      else res.writeHead(401).end();
    },
  ],
];

// Clients of these streams come back at once.
const create = (initialState: State): Stream => createStateStream({ initialState, retryMs: 1 });
const initialState: State = { list: [1, 2, 3], text: "é", tree: {} };

const change = fc.oneof(
  fc.record({ do: fc.constant("push" as const), value: fc.integer() }),
  fc.record({ do: fc.constant("drop" as const), index: fc.nat(2) }),
  fc.record({ do: fc.constant("text" as const), value: fc.string({ unit: "grapheme" }) }),
  fc.record({
    do: fc.constant("tree" as const),
    key: fc.constantFrom("a", "b", "__proto__"),
    value: fc.jsonValue() as fc.Arbitrary<Json>,
  }),
  fc.constant({ do: "turn" as const }),
  fc.constant({ do: "cut" as const }),
);

describe.each(adapters)("with %s", (_name, adapter) => {
  let served: Served;
  let server: Listening;
  let client: StateClient<Copy | undefined> | undefined;

  beforeEach(async () => {
    // The shortest waits that there can be.
    vi.spyOn(Math, "random").mockReturnValue(0);
    served = { stream: create(initialState) };
    server = await listen(adapter(served));
  });
  afterEach(async () => {
    client?.close();
    await server.stop();
    await served.stream.close();
    vi.restoreAllMocks();
  });

  function connect(options?: StateClientOptions<keyof State>): StateClient<Copy | undefined> {
    client?.close();
    const created = createStateClient<State>(`http://127.0.0.1:${server.port}/events`, options);
    client = created;
    return created;
  }

  async function converged(follower: StateClient<Copy | undefined>, stream: StateStream<State>): Promise<void> {
    await until(follower, () => believes(follower, stream));
    expect(follower.getState()).toStrictEqual(stream.state);
  }

  test("it has the server's state under random changes and cuts", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
        const { stream } = served;
        const follower = connect();
        await follower.ready;
        for (const it of changes) {
          if (it.do === "push") stream.set("list", (list) => [...list, it.value]);
          else if (it.do === "drop") stream.set("list", (list) => list.filter((_, index) => index !== it.index));
          else if (it.do === "text") stream.set("text", it.value);
          else if (it.do === "tree") stream.set("tree", (tree) => ({ ...tree, [it.key]: it.value }));
          else if (it.do === "cut") server.cut();
          else await new Promise(setImmediate);
        }
        await converged(follower, stream);
      }),
      { numRuns: 10 },
    );
  });

  test("it resumes after its connection was cut, without a snapshot", async () => {
    const { stream } = served;
    const follower = connect();
    await follower.ready;
    stream.set("list", [1]);
    await converged(follower, stream);
    server.cut();
    stream.set("list", (list) => [...list, 2]);
    await converged(follower, stream);
    expect(follower.getStatus()).toMatchObject({ resumed: true, attempt: 0 });
    expect(stream.stats().snapshots).toStrictEqual({ connect: 1 });
  });

  test("it finds a server that was restarted on the same port, with another state", async () => {
    const follower = connect();
    await follower.ready;
    const { port } = server;
    await server.stop();
    await until(follower, () => follower.getStatus().status === "stale");
    expect(follower.getState()).toStrictEqual(initialState);
    served.stream = create({ list: [9], text: "restarted", tree: {} });
    served.stream.set("list", [10]);
    server = await listen(adapter(served), port);
    await converged(follower, served.stream);
    expect(follower.getState()?.text).toBe("restarted");
    expect(served.stream.stats().snapshots).toStrictEqual({ epoch: 1 });
  });

  test("it continues at the next server when the previous one is drained", async () => {
    const errors: unknown[] = [];
    const follower = connect({ onError: (error) => errors.push(error) });
    await follower.ready;
    const drained = served.stream;
    drained.set("list", [4]);
    served.stream = create({ list: [5], text: "next", tree: {} });
    await drained.close({ reason: "draining" });
    await converged(follower, served.stream);
    expect(errors).toStrictEqual([]);
    expect(follower.getState()?.text).toBe("next");
  });

  test("it reconnects with a new token when the old one has expired", async () => {
    const tokens: string[] = [];
    let issued = 0;
    const issue = (lifetimeMs: number): void => {
      served.token = { value: `t${++issued}`, expiresAt: Date.now() + lifetimeMs };
    };
    // Long enough that a busy machine has connected before it expires.
    issue(1000);
    const headers = (): HeadersInit => {
      const value = served.token?.value as string;
      tokens.push(value);
      // The next one, which is requested when this one has expired.
      return { authorization: `Bearer ${value}` };
    };
    const ends: string[] = [];
    const follower = connect({
      headers,
      onEvent(event) {
        if (event.type !== "state.end") return;
        ends.push(event.reason);
        issue(60_000);
      },
    });
    await follower.ready;
    await until(follower, () => ends.length > 0);
    served.stream.set("list", [7]);
    await converged(follower, served.stream);
    expect(ends).toStrictEqual(["expired"]);
    expect(tokens).toStrictEqual(["t1", "t2"]);
    expect(follower.getStatus().resumed).toBe(true);
  });

  test("it stops with an error where its token is not good", async () => {
    served.token = { value: "good", expiresAt: Date.now() + 60_000 };
    const headers = vi.fn<() => HeadersInit>(() => ({ authorization: "Bearer bad" }));
    const follower = connect({ headers });
    await expect(follower.ready).rejects.toMatchObject({ code: "refused", httpStatus: 401 });
    expect(headers).toHaveBeenCalledTimes(2);
  });

  test("it follows the slices it requested, and resumes with them", async () => {
    const { stream } = served;
    const follower = connect({ slices: ["list"] });
    await follower.ready;
    server.cut();
    stream.set("text", "not for it");
    stream.set("list", [8]);
    await until(follower, () => believes(follower, stream));
    expect(follower.getState()).toStrictEqual({ list: [8] });
    expect(stream.stats().snapshots).toStrictEqual({ connect: 1 });
  });

  test("it knows when a write is in its copy, and shows it before that", async () => {
    const { stream } = served;
    const follower = connect();
    await follower.ready;
    const seen: string[] = [];
    follower.subscribe(() => seen.push(follower.getState()?.text ?? ""));
    const write = async (): Promise<{ eventId: string }> => {
      await turn();
      stream.set("text", "saved");
      return { eventId: stream.eventId };
    };
    await follower.optimistic((state) => ({ ...state, text: "mine" }), write());
    expect(follower.getState()?.text).toBe("saved");
    expect([...new Set(seen)]).toStrictEqual(["mine", "saved"]);
    stream.set("text", "again");
    await follower.reached(stream.eventId);
    expect(follower.getState()?.text).toBe("again");
    await follower.reached(stream.eventId);
  });

  test("it resumes from a state that was rendered on the server", async () => {
    const { stream } = served;
    const initial = { state: JSON.parse(JSON.stringify(stream.state)) as State, eventId: stream.eventId };
    stream.set("list", (list) => [...list, 4]);
    const url = `http://127.0.0.1:${server.port}/events`;
    const follower = createStateClient<State>(url, { initial });
    client = follower;
    await converged(follower, stream);
    expect(stream.stats().snapshots).toStrictEqual({});
    expect(follower.getState().tree).toBe(initial.state.tree);
  });
});
