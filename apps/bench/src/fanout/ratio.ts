import { medianRatio } from "../measure/statistics.ts";
import type { Ratio } from "../report/result.ts";
import type { Entry, Measured } from "./measure.ts";

/** CPU per frame of one entry over another's; nothing where either is wrong. */
export function ratioOf(
  measured: readonly Measured[],
  over: Entry,
  under: Entry,
  goal: Pick<Ratio, "better" | "target">,
  suffix = "",
): Ratio | undefined {
  const of = (entry: Entry): Measured | undefined =>
    measured.find(({ name, wrong }) => name === entry.name && wrong === undefined);
  const [a, b] = [of(over), of(under)];
  if (a === undefined || b === undefined) return undefined;
  return { name: `${over.name} / ${under.name}${suffix}`, value: medianRatio(a.us, b.us), ...goal };
}
