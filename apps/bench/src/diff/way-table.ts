import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Ratio, Table } from "../report/result.ts";
import { inventions } from "./inventions.ts";
import type { Calls, Figures, States } from "./way.ts";
import type { Workload } from "./workload.ts";
import { smallChange, workloads } from "./workloads.ts";

/** The compiled program, from the sources too, which Node 20 cannot run. */
const program = fileURLToPath(new URL("../../dist/diff/way-child.js", import.meta.url));

interface Row {
  readonly workload: Workload;
  readonly calls: Calls;
  readonly kept: Figures;
  readonly fresh: Figures;
}

/** The way of a change from `set` to bytes, for each workload, beside what people write by hand. */
export async function wayTable(
  ms: number,
  progress: (text: string) => void,
): Promise<{ table: Table; ratios: Ratio[] }> {
  const rows: Row[] = [];
  for (const [workload, calls] of [
    [smallChange, "set"] as const,
    ...[...workloads, ...inventions].map((each) => [each, "set + read"] as const),
  ]) {
    progress(`${calls}: ${workload.name}`);
    const kept = await figuresOf(workload, calls, "kept", ms);
    rows.push({ workload, calls, kept, fresh: await figuresOf(workload, calls, "fresh", ms) });
  }
  return {
    table: {
      title: "From set to bytes, and how many times longer compare, JSON.stringify and encode take",
      note: "Microseconds per change through the public API. Fresh: each change leads to new objects; kept: the same states again and again. `wrong`: the patch of fast-json-patch, applied, does not give the state.",
      rows: rows.map(({ workload: { name }, calls, kept, fresh }) => ({
        workload: calls === "set" ? `${name}, set alone` : name,
        "fresh us": fresh.us,
        "fast-json-patch x": timesOf(fresh) ?? "wrong",
        "kept us": kept.us,
        "kept x": timesOf(kept) ?? "wrong",
        bytes: fresh.bytes,
        "fast-json-patch bytes": fresh.theirsIsWrong ? "" : fresh.theirBytes,
      })),
    },
    ratios: rows.flatMap((row): Ratio[] =>
      (["fresh", "kept"] as const).flatMap((states): Ratio[] => {
        const value = timesOf(row[states]);
        if (value === undefined) return [];
        const name = `${row.workload.name}, ${states}: fast-json-patch / ${row.calls}`;
        const target = row.workload.target?.way;
        return [{ name, value, better: "higher", ...(target === undefined ? {} : { target }) }];
      }),
    ),
  };
}

/** How many times as long theirs takes. */
function timesOf({ us, theirs, theirsIsWrong }: Figures): number | undefined {
  return theirsIsWrong ? undefined : theirs / us;
}

async function figuresOf(workload: Workload, calls: Calls, states: States, ms: number): Promise<Figures> {
  const env = { ...process.env, NODE_ENV: "production" };
  const child = fork(program, [workload.name, calls, states, String(ms)], { env });
  const exit = once(child, "exit");
  const [figures] = (await Promise.race([once(child, "message"), exit])) as [Figures | number | null];
  await exit;
  if (typeof figures !== "object" || figures === null) throw new Error(`"${workload.name}" was not measured.`);
  return figures;
}
