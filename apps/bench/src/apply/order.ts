import type { Json, Operation } from "@statestream/core";
import { applyOperations } from "@statestream/core/patch";
import { medians } from "../measure/medians.ts";
import type { Cell, Ratio, Table } from "../report/result.ts";
// What a stream sends of a change, which the package's entry does not offer alone.
import { structuralCompare } from "../../../../packages/core/dist/diff/structural-differ.js";
import { seeded } from "../diff/random.ts";

type Row = { readonly id: number; readonly name: string; readonly score: number };

const ROWS = 10_000;

/** How much slower than the new list a client may apply what the server sends. */
const MAX_SLOWDOWN = 1.5;

const compare = structuralCompare({ rowIds: ["id"] });

/** What a page pays when rows change places: what the server sends, parsed and applied, against the new list, parsed. */
export function rowOrder(ms: number, progress: (text: string) => void): { table: Table; ratios: Ratio[] } {
  const random = seeded(5);
  const list = Array.from({ length: ROWS }, (_, id): Row => ({ id, name: `row number ${id}`, score: random() }));
  const changes: readonly (readonly [name: string, after: readonly Row[]])[] = [
    ["10 rows moved", shuffled(list, 10, random)],
    ["100 rows moved", shuffled(list, 100, random)],
    ["1,000 rows moved", shuffled(list, 1000, random)],
    ["sorted by another column", list.toSorted((a, b) => a.score - b.score)],
    ["reversed", list.toReversed()],
    ["every second row removed", list.filter(({ id }) => id % 2 === 0)],
  ];
  const rows: Record<string, Cell>[] = [];
  const ratios: Ratio[] = [];
  for (const [name, after] of changes) {
    progress(name);
    const sent = `{${compare(list, after as unknown as Json)?.member}}`;
    const value = `{"value":${JSON.stringify(after)}}`;
    const isValue = sent.startsWith('{"value"');
    const [whole = 0, taken = whole] = medians(
      [() => JSON.parse(value) as unknown, ...(isValue ? [] : [() => received(list, sent)])],
      ms,
    );
    rows.push({
      change: name,
      sent: isValue ? "value" : "patch",
      bytes: sent.length,
      us: taken,
      "us of the value": whole,
    });
    ratios.push({ name: `${name}: what is sent / the value`, value: taken / whole, better: "lower", target: MAX_SLOWDOWN }); // prettier-ignore
  }
  return {
    table: {
      title: `${ROWS.toLocaleString("en")} rows change places`,
      note: "Microseconds to parse and apply what the server sends, and to parse the new list.",
      rows,
    },
    ratios,
  };
}

function received(before: Json, text: string): Json {
  const { patches } = JSON.parse(text) as { patches: Operation[] };
  return applyOperations(before, patches, "rows");
}

function shuffled(list: readonly Row[], count: number, random: () => number): Row[] {
  const after = list.slice();
  const index = (): number => Math.floor(random() * ROWS);
  for (let moves = 0; moves < count; moves++) after.splice(index(), 0, ...after.splice(index(), 1));
  return after;
}
