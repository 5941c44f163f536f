import { readFileSync } from "node:fs";
import type { Prometheus } from "./prometheus.ts";

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/**
 * Evaluates every expression of the published dashboard over the run, and gives those that had nothing to show. Throws when
 * Prometheus refuses one.
 */
export async function emptyPanels(prometheus: Prometheus): Promise<string[]> {
  const file = new URL("../../../../packages/otel/dashboards/statestream.json", import.meta.url);
  const { panels } = JSON.parse(readFileSync(file, "utf8")) as Dashboard;
  const empty: string[] = [];
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      const series = await prometheus.history(expr.replaceAll("$__rate_interval", "5s").replaceAll("$job", ".*"));
      if (series.length === 0) empty.push(`${title}: ${expr}`);
    }
  }
  return empty;
}
