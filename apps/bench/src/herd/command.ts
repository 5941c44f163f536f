import type { Command, RunOptions } from "../command.ts";
import type { Result } from "../report/result.ts";
import { download, type Download, type Downloaded } from "./download.ts";
import { serve, type Slices } from "./server.ts";

const MB = 1_000_000;
const TIMEOUT_MS = 90_000;
/** The first and the last client come so far apart. */
const SPREAD_MS = 4000;

export const herd: Command = {
  name: "herd",
  summary: "many slow clients that download a large snapshot at once, as after a restart",
  packages: [],
  minutes: { full: 2, quick: 1 },
  checked: false,
  run,
};

interface Scenario {
  readonly name: string;
  readonly state: Slices;
  readonly clients: readonly Download[];
  /** Changes the state, this often. */
  readonly everyMs?: number;
  readonly change?: (state: Slices, n: number) => Slices;
  /** Connects another client that reads nothing, this often. */
  readonly unreadEveryMs?: number;
}

/** An id of before the restart. */
const OLD_ID = "oldoldoldol.1";

const records = (bytes: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: bytes / 1000 }, (_, n) => [`record-${n}`, "x".repeat(985)]));

/** Replaces a member, so that no earlier snapshot may be used again. */
const replace =
  (name: string) =>
  (state: Slices, n: number): Slices => ({
    [name]: { ...(state[name] as object), "record-0": `${n}` },
  });

function scenarios(): Scenario[] {
  const doc = { doc: records(5 * MB) };
  const forty = Array.from({ length: 40 }, () => ({ path: "/", speed: MB }));
  const own = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`user-${n}`, "x".repeat(1000)]));
  return [
    { name: "control: 40 clients without an id, a quiet state of 5 MB, 1 MB/s", state: doc, clients: forty },
    {
      name: "restart: the same, half of them with an old id, the state changes 5 times a second",
      state: doc,
      clients: forty.map((client, n) => (n % 2 === 0 ? client : { ...client, lastEventId: OLD_ID })),
      everyMs: 200,
      change: replace("doc"),
    },
    {
      name: "100 users, a shared slice of 1 MB and one of their own, 500 KB/s",
      state: { shared: records(MB), ...own },
      clients: Array.from({ length: 100 }, (_, n) => ({ path: `/?slices=shared&slices=user-${n}`, speed: MB / 2 })),
    },
    {
      name: "10 clients, beside one more every 2 s that reads nothing and has a selection of its own",
      state: doc,
      clients: Array.from({ length: 10 }, () => ({ path: "/?slices=doc", speed: MB })),
      everyMs: 200,
      change: replace("doc"),
      unreadEveryMs: 2000,
    },
  ];
}

async function run({ progress }: RunOptions): Promise<Result> {
  const rows = [];
  const seconds: number[] = [];
  for (const scenario of scenarios()) {
    progress(scenario.name);
    const { downloads, peak } = await play(scenario);
    const done = downloads.flatMap(({ ms }) => (ms === undefined ? [] : [ms]));
    const last = done.length < downloads.length ? Infinity : Math.max(...done) / 1000;
    seconds.push(last);
    rows.push({
      "": scenario.name,
      "have the state": `${done.length} of ${downloads.length}`,
      "after, s": last,
      "cut off": downloads.reduce((sum, { cuts }) => sum + cuts, 0),
      "buffers at most, MB": peak / MB,
    });
  }
  const [control = 0, restart = 0] = seconds;
  return {
    title: "A herd of slow clients that download a large snapshot",
    tables: [
      {
        title: `Default limits; after ${TIMEOUT_MS / 1000} s a client counts as one that never got the state`,
        note: "Clients come within 4 s. Server and clients share a process. A client that is cut off comes back after 1 s, and begins anew. Buffers are those of both.",
        rows,
      },
    ],
    ratios: [
      {
        name: "herd after a restart: time until all have the state, over the control",
        value: restart / control,
        better: "lower",
        target: 1.5,
      },
    ],
    charts: [],
  };
}

async function play(scenario: Scenario): Promise<{ downloads: Downloaded[]; peak: number }> {
  const server = await serve(scenario.state);
  const { stream, port } = server;
  let n = 0;
  const timers = [
    setInterval(() => {
      const changed = scenario.change?.(stream.state, ++n) ?? {};
      for (const [slice, value] of Object.entries(changed)) stream.set(slice, value);
    }, scenario.everyMs ?? TIMEOUT_MS),
    setInterval(() => {
      if (scenario.unreadEveryMs === undefined) return;
      void download(port, { path: `/?slices=doc&slices=z${n}`, speed: 0 }, performance.now() + TIMEOUT_MS);
    }, scenario.unreadEveryMs ?? TIMEOUT_MS),
  ];
  // Those that read nothing are there first.
  if (scenario.unreadEveryMs !== undefined) await new Promise((resolve) => setTimeout(resolve, 30_000));
  const startedAt = performance.now();
  const downloads = await Promise.all(
    scenario.clients.map(async (client, index) => {
      // Clients that reconnect are spread by their retry time.
      await new Promise((resolve) => setTimeout(resolve, (SPREAD_MS * index) / scenario.clients.length));
      return download(port, client, startedAt + TIMEOUT_MS);
    }),
  );
  for (const timer of timers) clearInterval(timer);
  await server.close();
  return { downloads, peak: server.peak() };
}
