import { parseArgs } from "node:util";
import { apply } from "./apply.ts";
import { diff } from "./diff.ts";
import { load } from "./load.ts";
import { stall } from "./stall.ts";

const USAGE = `pnpm bench diff
pnpm bench apply
pnpm bench load  [--framework hono|express|koa|node|all] [--connections 1000] [--updates 1000]
pnpm bench stall [--framework hono|express|koa|node|all] [--seconds 60]`;

const args = process.argv.slice(2).filter((arg) => arg !== "--");
const { values, positionals } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    framework: { type: "string", default: "all" },
    connections: { type: "string", default: "1000" },
    updates: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
  },
});

if (positionals[0] === "diff" || positionals[0] === "apply") {
  console.table(positionals[0] === "diff" ? diff() : apply());
  process.exit(0);
}

const frameworks = values.framework === "all" ? ["hono", "express", "koa", "node"] : [values.framework];
const rows: Record<string, string | number>[] = [];
for (const framework of frameworks) {
  process.stderr.write(`${positionals[0] ?? ""} ${framework} ...\n`);
  if (positionals[0] === "load") {
    rows.push(await load({ framework, connections: Number(values.connections), updates: Number(values.updates) }));
  } else if (positionals[0] === "stall") {
    rows.push(await stall({ framework, seconds: Number(values.seconds) }));
  } else {
    console.error(USAGE);
    process.exit(2);
  }
}
console.table(rows);
