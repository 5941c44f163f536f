import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { programOf, type Running, start } from "./run.ts";

export const WORKERD = "workerd@1.20261117.1";

/** What workerd is started with. The address is of the system's choice. */
const config = (extra: string): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  ${extra}
);
`;

const durableObject = `durableObjectNamespaces = [(className = "Streams", uniqueKey = "streams")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "STREAMS", durableObjectNamespace = "Streams")],`;

/** A Worker that can be started several times. */
export interface BundledWorker {
  start(): Promise<Running>;
  /** Removes its files. A Worker that has started needs them no longer. */
  remove(): void;
}

/** Bundles a Worker of `servers/`, as its deployment would, without Node's modules. */
export async function bundleWorker(name: string): Promise<BundledWorker> {
  const program = programOf(WORKERD, "workerd");
  const folder = mkdtempSync(join(tmpdir(), "statestream-workerd-"));
  const file = join(folder, "config.capnp");
  const remove = (): void => rmSync(folder, { recursive: true });
  try {
    const bundle = await rolldown({
      input: fileURLToPath(new URL(`servers/${name}.js`, import.meta.url)),
      platform: "neutral",
      resolve: { conditionNames: ["workerd", "worker", "import"], mainFields: ["module", "main"] },
    });
    await bundle.write({ file: join(folder, "worker.js"), format: "es" });
    writeFileSync(file, config(name === "plain-worker" ? "" : durableObject));
  } catch (error) {
    remove();
    throw error;
  }
  return { start: () => start(program, "serve", file, "--control-fd=1"), remove };
}

export async function startWorker(name: "worker" | "plain-worker"): Promise<Running> {
  const worker = await bundleWorker(name);
  try {
    return await worker.start();
  } finally {
    worker.remove();
  }
}
