import { maxConnections } from "../measure/files.ts";
import { median } from "../measure/statistics.ts";
import type { LineChart, Table } from "../report/result.ts";
import { bare, ours, peers } from "./entries.ts";
import { type Entry, measure, type Measured, type Plan } from "./measure.ts";

const CONNECTIONS = [10, 100, 1000, 10_000];

/** About how many frames a round delivers, so that it is long enough to measure and short enough to wait for. */
const FRAMES = 40_000;

/** What one more client costs, from ten to ten thousand. */
export async function measureCurve(plan: Plan): Promise<{ tables: Table[]; charts: LineChart[] }> {
  const entries: Entry[] = [ours.socket("node"), bare.socket, peers.betterSse, peers.naive];
  const points = new Map<string, [number, number][]>(entries.map(({ name }) => [name, []]));
  const rows: Record<string, string | number>[] = [];
  for (const connections of CONNECTIONS.filter((count) => count < maxConnections())) {
    // Ten thousand naive clients would take minutes.
    const able = entries.filter((entry) => entry !== peers.naive || connections <= 1000);
    const measured = await measureInTurns(able, {
      ...plan,
      connections,
      rounds: 5,
      changes: Math.min(400, Math.max(5, Math.round(FRAMES / connections))),
      latencySeconds: 0,
    });
    const row: Record<string, string | number> = { clients: connections };
    for (const { name, us, wrong } of measured) {
      row[name] = wrong === undefined ? median(us) : `wrong: ${wrong}`;
      if (wrong === undefined) points.get(name)?.push([connections, median(us)]);
    }
    rows.push(row);
  }
  return {
    tables: [
      {
        title: "From ten clients to ten thousand",
        note: "CPU in microseconds per delivered frame. Of ten thousand clients, one server at a time can be had.",
        rows,
      },
    ],
    charts: [
      {
        kind: "lines",
        name: "curve",
        title: `Server CPU per delivered frame, ${plan.kilobytes} KB state`,
        x: "clients",
        y: "microseconds",
        series: [...points].map(([name, list]) => ({ name, points: list })),
      },
    ],
  };
}

/** Side by side as far as this process can hold the clients. */
async function measureInTurns(entries: readonly Entry[], plan: Plan): Promise<Measured[]> {
  if (entries.length * (plan.connections + 10) < maxConnections()) return measure(entries, plan);
  const measured: Measured[] = [];
  for (const entry of entries) measured.push(...(await measure([entry], plan)));
  return measured;
}
