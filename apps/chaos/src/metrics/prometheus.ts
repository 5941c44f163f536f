import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@statestream/redis-server";
import type { Processes } from "../processes.ts";

/** The rig breaks in seconds what takes minutes outside: the windows and waits of the rules are so many times shorter. */
const FASTER = 60;
/** Seconds of old state after which the rig's rule says so; in the published rules 10. A lease of the rig lasts two. */
const STALE_S = 1;
const STEP_S = 0.5;

/** One series of an answer, with its samples: seconds of the wall clock, and values. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** A real Prometheus that scrapes the nodes and writers of a run twice a second, and evaluates the published alert rules. */
export class Prometheus {
  readonly #port: number;
  readonly #startedAt = Date.now() / 1000;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(dir: string, targets: ReadonlyMap<string, number>, processes: Processes): Promise<Prometheus> {
    const rules = join(dir, "rules.yaml");
    writeFileSync(rules, fasterRules());
    const config = join(dir, "prometheus.yaml");
    writeFileSync(config, configOf(rules, targets));
    const prometheus = new Prometheus(await freePort());
    processes.spawn("prometheus", "prometheus", [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dir, "prometheus")}`,
      `--web.listen-address=127.0.0.1:${prometheus.#port}`,
    ]);
    await prometheus.#ready();
    return prometheus;
  }

  /** What an expression had been at each half second of the run so far. */
  async history(expression: string): Promise<Series[]> {
    const query = new URLSearchParams({
      query: expression,
      start: String(this.#startedAt),
      end: String(Date.now() / 1000),
      step: String(STEP_S),
    });
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1/query_range?${query.toString()}`);
    const { status, data, error } = (await response.json()) as {
      status: string;
      error?: string;
      data?: { result: Series[] };
    };
    if (status !== "success" || data === undefined) throw new Error(`Prometheus: ${error}`);
    return data.result;
  }

  async #ready(): Promise<void> {
    const until = Date.now() + 20_000;
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.#port}/-/ready`).catch(() => undefined);
      if (answer?.ok) return;
      if (Date.now() > until) throw new Error("Prometheus is not ready; see prometheus.out.");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The rules as they are published, with every time shortened. */
function fasterRules(): string {
  const file = new URL("../../../../packages/otel/dashboards/alerts.yaml", import.meta.url);
  const seconds = (amount: string, unit: string): number => Number(amount) * (unit === "m" ? 60 : 1);
  return readFileSync(file, "utf8")
    .replace(/\[(\d+)([ms])\]/g, (_, amount: string, unit: string) => `[${seconds(amount, unit) / FASTER}s]`)
    .replace(/for: (\d+)([ms])/g, (_, amount: string, unit: string) => {
      return `for: ${Math.round((seconds(amount, unit) / FASTER) * 1000)}ms`;
    })
    .replace(/(stale_duration[^>]*) > 10\b/, `$1 > ${STALE_S}`);
}

function configOf(rules: string, targets: ReadonlyMap<string, number>): string {
  return JSON.stringify({
    global: { scrape_interval: "500ms", scrape_timeout: "400ms", evaluation_interval: "500ms" },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: "chaos",
        static_configs: [...targets].map(([name, port]) => ({
          targets: [`127.0.0.1:${port}`],
          labels: { instance: name },
        })),
      },
    ],
  });
}
