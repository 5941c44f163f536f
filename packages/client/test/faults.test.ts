import { createStateStream, type Json, type WritableStateStream } from "@statestream/core";
import { writeStateStream } from "@statestream/core/node";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createStateClient, type StateClientError } from "../src/index.ts";
import { type ConnectionPlan, type Fault, startCuttingServer, startFaultServer } from "./support/fault-server.ts";
import { believes, until } from "./support/believes.ts";
import { listen, type Listening } from "./support/listen.ts";

// STATESTREAM_FAULT_RUNS=10000 runs more; SEED and PATH replay what a failure printed.
const { STATESTREAM_FAULT_RUNS, STATESTREAM_FAULT_SEED, STATESTREAM_FAULT_PATH } = process.env;
const RUNS = Number(STATESTREAM_FAULT_RUNS ?? 300);

type State = Record<string, Json>;
type Stream = WritableStateStream<State>;

// The shortest waits that there can be.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
afterEach(() => void vi.restoreAllMocks());

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a connection that is cut", () => {
  /** What cannot be applied twice, nor left out, without being seen. */
  const changes: ((stream: Stream) => void)[] = [
    (stream) => stream.patch("list", [{ op: "add", path: "/-", value: 2 }]),
    (stream) =>
      stream.batch(() => {
        stream.patch("list", [{ op: "remove", path: "/0" }]);
        stream.patch("text", [{ op: "add", path: "/é", value: "😀" }]);
        stream.remove("gone");
      }),
    (stream) => stream.patch("list", [{ op: "copy", from: "/0", path: "/-" }]),
    (stream) => stream.set("gone", ["back"]),
  ];
  const initialState = { list: [1], text: { a: "ü" }, gone: 1 };
  const streams = new Map<string, Stream>();
  const done = new Set<string>();
  let upstream: Listening;
  let cutting: Awaited<ReturnType<typeof startCuttingServer>>;

  beforeAll(async () => {
    upstream = await listen((req, res) => {
      const [path] = (req.url as string).split("?") as [string];
      const stream = streams.get(path) ?? createStateStream<State>({ initialState, retryMs: 1 });
      writeStateStream(req, res, stream);
      if (streams.has(path)) return;
      streams.set(path, stream);
      void (async () => {
        for (const change of changes) {
          await turn();
          change(stream);
        }
        done.add(path);
      })();
    });
    cutting = await startCuttingServer(upstream.port);
  });
  afterAll(async () => {
    await cutting.stop();
    await upstream.stop();
  });

  /** The state a client ends on, and the server's. */
  async function follow(path: string): Promise<[unknown, unknown]> {
    const client = createStateClient<State>(`http://127.0.0.1:${cutting.port}${path}`, { onError: () => {} });
    await until(client, () => done.has(path) && believes(client, streams.get(path) as Stream));
    client.close();
    return [client.getState(), streams.get(path)?.state];
  }

  test(
    "at any byte of a transcript, its HTTP headers included, leads to the server's state",
    { timeout: 120_000 },
    async () => {
      const expected = { list: [2, 2], text: { a: "ü", é: "😀" }, gone: ["back"] };
      const whole = "/1000000";
      expect(await follow(whole)).toStrictEqual([expected, expected]);
      const length = cutting.relayed(whole);
      const paths = Array.from({ length: length + 1 }, (_, offset) => `/${offset}`);
      for (let first = 0; first < paths.length; first += 400) {
        const results = await Promise.all(paths.slice(first, first + 400).map(follow));
        expect(results).toStrictEqual(results.map(() => [expected, expected]));
      }
      const resumed = paths.filter((path) => streams.get(path)?.stats().snapshots.connect === 1);
      console.log(`cut at ${paths.length} offsets; ${resumed.length} resumed`);
      // Those that were cut after the snapshot.
      expect(resumed.length).toBeGreaterThan(length / 3);
    },
  );
});

const SLICES = ["a", "b", "list"];

const at = fc.double({ min: 0, max: 1, noNaN: true });
const pass = { weight: 8, arbitrary: fc.constant<Fault>({ do: "pass" }) };
/** What TCP, a proxy or a server can do to a connection without losing anything in the middle of it. */
const losesNothing: fc.Arbitrary<Fault> = fc.oneof(
  pass,
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("end" as const), at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("repeat" as const), later: fc.nat(3) }) },
  fc.record({ do: fc.constant("delay" as const), ms: fc.nat(5) }),
  fc.constant<Fault>({ do: "crumble" }),
  fc.record({
    do: fc.constant("insert" as const),
    text: fc.constantFrom(": comment\n\n", "event: later\ndata: {\nid: x\n\n", "data: x\n\n"),
  }),
);
/** Damage: what makes the JSON or the protocol invalid. Damage that is valid JSON, another digit say, cannot be seen. */
const damage: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Fault>({ do: "drop" }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("corrupt" as const),
      at,
      byte: fc.constantFrom(0x00 as const, 0xff as const),
    }),
  },
  fc.record({ do: fc.constant("truncate" as const), at }),
  fc.record({
    do: fc.constant("insert" as const),
    text: fc.constantFrom(
      'event: state.update\ndata: {"type":"state.update"}\nid: x\n\n',
      "event: heartbeat\ndata: {\nid: x\n\n",
    ),
  }),
);
const answer = fc.constantFrom<ConnectionPlan["answer"][]>(
  undefined,
  undefined,
  undefined,
  "reset",
  429,
  502,
  503,
  "html",
);

const connections = (fault: fc.Arbitrary<Fault>): fc.Arbitrary<ConnectionPlan[]> => {
  const faults = fc.array(fault, { maxLength: 10, size: "max" });
  // The first brings the first state, whole: a client that has received nothing yet waits for seconds.
  const first = faults.map((rest): ConnectionPlan => ({ faults: [{ do: "pass" }, ...rest] }));
  const others = fc.array(fc.record({ answer, faults }), { maxLength: 5, size: "max" });
  return fc.tuple(first, others).map(([plan, plans]) => [plan, ...plans]);
};

const text = fc.string({ unit: "grapheme", maxLength: 9 });
const slice = fc.constantFrom("a", "b", "__proto__");
const change = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("push" as const), value: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.constant({ do: "shift" as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("set" as const), slice, value: text }) },
  fc.record({ do: fc.constant("remove" as const), slice }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("batch" as const), value: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pause" as const), ms: fc.nat(20) }) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Every slice keeps all that it went through, so that what a copy missed, or took twice, is seen for good. */
function make(stream: Stream, it: Exclude<Change, { do: "pause" }>): void {
  const push = (slice: string, value: Json): void =>
    !Object.hasOwn(stream.state, slice)
      ? stream.set(slice, { items: [value], touched: 0 })
      : stream.patch(slice, [{ op: "add", path: "/items/-", value }]);
  if (it.do === "push") push("list", it.value);
  else if (it.do === "set") push(it.slice, it.value);
  else if (it.do === "remove") stream.remove(it.slice);
  else if (it.do === "batch") stream.batch(() => SLICES.forEach((slice) => push(slice, it.value)));
  else if ((stream.state["list"] as { items: Json[] }).items.length > 0)
    stream.patch("list", [{ op: "remove", path: "/items/0" }]);
}

/** Changes every slice, but nothing that was there. */
function touch(stream: Stream): void {
  for (const slice of ["__proto__", ...SLICES]) {
    if (Object.hasOwn(stream.state, slice)) stream.patch(slice, [{ op: "replace", path: "/touched", value: 1 }]);
    else stream.set(slice, { items: [], touched: 1 });
  }
}

interface Outcome {
  readonly error: StateClientError["code"] | undefined;
  readonly errors: readonly string[];
  readonly connections: number;
}

/** One life of a client behind a server that does harm for a while. Fails if the client ends anywhere but on the server's state, or closed. */
async function live(
  heartbeatMs: number,
  plans: readonly ConnectionPlan[],
  changes: readonly Change[],
  slices: readonly string[] | undefined,
): Promise<Outcome> {
  const initialState = { a: { items: [], touched: 0 }, list: { items: [1, 2], touched: 0 } };
  const stream: Stream = createStateStream<State>({ initialState, retryMs: 1, heartbeatMs: 50 });
  const upstream = await listen((req, res) => void writeStateStream(req, res, stream));
  const faulty = await startFaultServer(upstream.port, plans, heartbeatMs);
  const errors: string[] = [];
  const client = createStateClient<State>(`http://127.0.0.1:${faulty.port}/`, {
    onError: ({ code }) => errors.push(code),
    ...(slices && { slices }),
  });
  const isClosed = (): boolean => client.getStatus().status === "closed";
  try {
    await client.ready;
    for (const it of changes) {
      if (it.do === "pause") await new Promise((resolve) => setTimeout(resolve, it.ms));
      else make(stream, it);
    }
    await turn();
    faulty.heal();
    // A frame that was lost shows when its slice changes next.
    touch(stream);
    await until(client, () => isClosed() || believes(client, stream));
    const seen = slices ?? Object.keys(stream.state);
    const expected = Object.fromEntries(seen.map((slice) => [slice, stream.state[slice] as Json]));
    if (!isClosed()) expect(JSON.stringify(sorted(client.getState()))).toBe(JSON.stringify(sorted(expected)));
    return { error: isClosed() ? client.getStatus().error?.code : undefined, errors, connections: faulty.connections };
  } finally {
    client.close();
    await faulty.stop();
    await upstream.stop();
    await stream.close();
  }
}

const sorted = (state: object | undefined): unknown => Object.entries(state ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

/** Lives many lives, and gives the errors that they ended with; `undefined` is on the server's state. */
async function check(
  fault: fc.Arbitrary<Fault>,
  heartbeatMs: number,
  numRuns: number,
): Promise<readonly (string | undefined)[]> {
  const outcomes = new Set<string | undefined>();
  const tally: Record<string, number> = {};
  const count = (what: string, by = 1): unknown => (tally[what] = (tally[what] ?? 0) + by);
  const slices = fc.constantFrom(undefined, undefined, SLICES);
  const changes = fc.array(change, { maxLength: 30, size: "max" });
  const property = fc.asyncProperty(connections(fault), changes, slices, async (...plan) => {
    const outcome = await live(heartbeatMs, ...plan);
    outcomes.add(outcome.error);
    count(`ended: ${outcome.error ?? "on the server's state"}`);
    count("connections", outcome.connections);
    for (const code of outcome.errors) count(`recovered: ${code}`);
  });
  const seed = Number(STATESTREAM_FAULT_SEED ?? Math.floor(performance.timeOrigin) % 2 ** 31);
  const path = STATESTREAM_FAULT_PATH;
  const details = (await fc.check(property, {
    numRuns,
    seed,
    ...(path === undefined ? {} : { path }),
  })) as fc.RunDetails<unknown>;
  console.log(`${details.numRuns} runs, seed ${details.seed}:`, tally);
  if (details.failed) {
    const replay = `STATESTREAM_FAULT_SEED=${details.seed} STATESTREAM_FAULT_PATH=${details.counterexamplePath}`;
    throw new Error(`${fc.defaultReportMessage(details)}\n\nReplay: ${replay}`, { cause: details.errorInstance });
  }
  return [...outcomes];
}

const timeout = 120_000 + RUNS * 1000;

describe("behind a server that does harm, a client ends", () => {
  const most = Math.ceil(RUNS * 0.45);
  const few = Math.ceil(RUNS * 0.1);

  test(`on the server's state, where nothing is lost inside a connection (${most} runs)`, { timeout }, async () => {
    const outcomes = await check(losesNothing, 60_000, most);
    expect(outcomes).toStrictEqual([undefined]);
  });

  test(
    `on the server's state or with an error, where frames are lost and damaged (${most} runs)`,
    { timeout },
    async () => {
      const fault = fc.oneof(pass, { weight: 3, arbitrary: damage }, { weight: 2, arbitrary: losesNothing });
      const outcomes = await check(fault, 60_000, most);
      expect([undefined, "diverged"]).toEqual(expect.arrayContaining([...outcomes]));
    },
  );

  test(`on the server's state, where connections go silent (${few} runs)`, { timeout }, async () => {
    const stall = { weight: 3, arbitrary: fc.constant<Fault>({ do: "stall" }) };
    const outcomes = await check(fc.oneof(losesNothing, stall), 40, few);
    expect(outcomes).toStrictEqual([undefined]);
  });
});
