import { fileURLToPath } from "node:url";
import { programOf, type Running, start } from "../run.ts";
import { BUN, DENO } from "../runtimes.ts";
import { bundleWorker, WORKERD } from "../workerd.ts";

/** `core` is `streamState` of `@statestream/core/fetch`. */
export type Contender = "bare" | "core";

export interface CostRuntime {
  readonly title: string;
  /** Starts a server, whose program is already there and bundled. */
  start(contender: Contender): Promise<Running>;
}

/** Downloads and bundles what is to be measured, so that no start includes it. */
export async function prepareRuntimes(): Promise<{ runtimes: readonly CostRuntime[]; remove: () => void }> {
  const serve = fileURLToPath(new URL("../servers/cost/serve.js", import.meta.url));
  const bun = programOf(BUN, "bun");
  const deno = programOf(DENO, "deno");
  const workers = { bare: await bundleWorker("cost/bare"), core: await bundleWorker("cost/core") };
  return {
    runtimes: [
      { title: `Node ${process.versions.node}`, start: (contender) => start(process.execPath, serve, contender) },
      { title: versionOf(BUN), start: (contender) => start(bun, serve, contender) },
      {
        title: versionOf(DENO),
        start: (contender) => start(deno, "run", "--allow-net", "--allow-env", "--allow-read", serve, contender),
      },
      { title: versionOf(WORKERD), start: (contender) => workers[contender].start() },
    ],
    remove: () => Object.values(workers).forEach((worker) => worker.remove()),
  };
}

/** `bun 1.4.5` for `bun@1.4.5` */
function versionOf(packageVersion: string): string {
  return packageVersion.replace("@", " ");
}
