import { median } from "../measure/statistics.ts";
import type { Ratio, Table } from "../report/result.ts";
import { bare, ours, peers } from "./entries.ts";
import { measure, type Plan } from "./measure.ts";
import { ratioOf } from "./ratio.ts";

const ENTRIES = [ours.socket("node"), bare.socket, peers.betterSse];

/** Several changes in one turn of the event loop: one write per client where somebody joins them. */
export async function measureBursts(
  plan: Plan,
  sizes: readonly number[],
): Promise<{ tables: Table[]; ratios: (Ratio | undefined)[] }> {
  const rows: Record<string, string | number>[] = [];
  const ratios: (Ratio | undefined)[] = [];
  for (const size of sizes) {
    const changes = size * Math.max(4, Math.round(plan.changes / size));
    const measured = await measure(ENTRIES, { ...plan, changes, perTick: size, latencySeconds: 0 });
    const cells = measured.map(({ name, us, wrong }) => [name, wrong === undefined ? median(us) : `wrong: ${wrong}`]);
    rows.push({ "changes per tick": size, ...(Object.fromEntries(cells) as Record<string, string | number>) });
    ratios.push(
      ratioOf(measured, bare.socket, ours.socket("node"), { better: "higher" }, `, ${size} changes per tick`),
    );
  }
  return {
    tables: [{ title: "Bursts", note: "CPU in microseconds per delivered frame.", rows }],
    ratios,
  };
}
