import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { type Client, connectClient } from "./clients.ts";
import { cpuTimeOf } from "./cpu-time.ts";
import { type Contender, type CostRuntime, prepareRuntimes } from "./servers.ts";

const COLD_STARTS = 7;
const ROUNDS = 3;
const CLIENTS = 40;
const FRAMES = 250;
/** Not measured: a runtime compiles what runs often. */
const WARM_UP_FRAMES = 100;
/** A busy machine may deliver the last frames late. */
const PATIENCE_MS = 5000;

interface Frame {
  /** CPU time of the server for one frame to one client. */
  readonly us: number;
  readonly bytes: number;
}

interface Samples {
  readonly coldMs: number[];
  readonly frames: Frame[];
}

/** Measures both streams on each runtime, in turns, and writes the table of the medians. */
export async function measureCost(): Promise<void> {
  const { runtimes, remove } = await prepareRuntimes();
  try {
    const rows: string[] = [];
    for (const runtime of runtimes) rows.push(row(runtime.title, await sample(runtime)));
    const text = render(rows);
    const folder = new URL("../../results/", import.meta.url);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL("cost.md", folder), text);
    console.log(text);
  } finally {
    remove();
  }
}

async function sample(runtime: CostRuntime): Promise<Record<Contender, Samples>> {
  const core: Samples = { coldMs: [], frames: [] };
  const bare: Samples = { coldMs: [], frames: [] };
  for (let round = 0; round < COLD_STARTS; round++) {
    core.coldMs.push(await coldStart(runtime, "core"));
    bare.coldMs.push(await coldStart(runtime, "bare"));
  }
  for (let round = 0; round < ROUNDS; round++) {
    const frame = await sendFrames(runtime, "core", 0);
    core.frames.push(frame);
    bare.frames.push(await sendFrames(runtime, "bare", Math.round(frame.bytes)));
  }
  return { core, bare };
}

/** Milliseconds from the start of the process to the first byte of a stream. */
async function coldStart(runtime: CostRuntime, contender: Contender): Promise<number> {
  const begin = performance.now();
  const server = await runtime.start(contender);
  try {
    const client = await connectClient(server.url);
    const ms = performance.now() - begin;
    await client.leave();
    return ms;
  } finally {
    await server.stop();
  }
}

async function sendFrames(runtime: CostRuntime, contender: Contender, bytes: number): Promise<Frame> {
  const server = await runtime.start(contender);
  try {
    const clients: Client[] = [];
    while (clients.length < CLIENTS) clients.push(await connectClient(server.url));
    const total = (key: "frames" | "bytes"): number => clients.reduce((sum, client) => sum + client[key], 0);
    const send = async (frames: number): Promise<void> => {
      const end = total("frames") + frames * CLIENTS;
      await (await fetch(`${server.url}/ticks?frames=${frames}&bytes=${bytes}`)).text();
      const deadline = performance.now() + PATIENCE_MS;
      while (total("frames") < end) {
        if (performance.now() > deadline) {
          throw new Error(`${runtime.title}, ${contender}: ${end - total("frames")} frames are missing.`);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await send(WARM_UP_FRAMES);
    const [cpu, received] = [cpuTimeOf(server.group), total("bytes")];
    await send(FRAMES);
    const frames = FRAMES * CLIENTS;
    const frame = { us: (cpuTimeOf(server.group) - cpu) / frames, bytes: (total("bytes") - received) / frames };
    await Promise.all(clients.map((client) => client.leave()));
    return frame;
  } finally {
    await server.stop();
  }
}

function row(title: string, { core, bare }: Record<Contender, Samples>): string {
  const us = ({ frames }: Samples): string => median(frames.map((frame) => frame.us)).toFixed(0);
  const bytes = ({ frames }: Samples): string => median(frames.map((frame) => frame.bytes)).toFixed(0);
  const cold = ({ coldMs }: Samples): string => median(coldMs).toFixed(0);
  return `| ${title} | ${[cold, us, bytes].flatMap((cell) => [cell(core), cell(bare)]).join(" | ")} |`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

function render(rows: readonly string[]): string {
  return `# What a stream costs on each runtime

    npx --yes pnpm@12.21.0 test:runtimes --cost

\`streamState\` of \`@statestream/core/fetch\`, beside a \`ReadableStream\` of the same runtime that enqueues frames of as many bytes for
every client and does nothing else.

- Cold start: from the start of the process to the first byte of a stream; the median of ${COLD_STARTS}. The modules are files as they are
  published, and one bundled file in workerd.
- Frame: CPU time of the server's process, user and system, for one frame to one client, including its share of the change and of the
  timer that makes it; the median of ${ROUNDS} processes, which took turns with those of the other stream. ${CLIENTS} clients over HTTP on
  loopback, ${FRAMES} frames after ${WARM_UP_FRAMES} to warm up. CPU time is accurate to 10 ms, which is ${(10_000 / (FRAMES * CLIENTS)).toFixed(0)} µs per frame.
- On Node, \`@hono/node-server\` serves both.

| runtime | cold start, ms | bare | frame, µs | bare | bytes per frame | bare |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}

${cpus().length} × ${cpus()[0]?.model}, Linux, ${new Date().toISOString().slice(0, 10)}.
`;
}
