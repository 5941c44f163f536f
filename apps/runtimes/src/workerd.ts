import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { programOf, type Running, start } from "./run.ts";

const WORKERD = "workerd@1.20261117.1";

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

/** Bundles a Worker as its deployment would, without Node's modules, and starts it. */
export async function startWorker(name: "worker" | "plain-worker"): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "statestream-workerd-"));
  try {
    const bundle = await rolldown({
      input: fileURLToPath(new URL(`servers/${name}.js`, import.meta.url)),
      platform: "neutral",
      resolve: { conditionNames: ["workerd", "worker", "import"], mainFields: ["module", "main"] },
    });
    await bundle.write({ file: join(folder, "worker.js"), format: "es" });
    const file = join(folder, "config.capnp");
    writeFileSync(file, config(name === "worker" ? durableObject : ""));
    return await start(programOf(WORKERD, "workerd"), "serve", file, "--control-fd=1");
  } finally {
    // workerd has read it when it listens.
    rmSync(folder, { recursive: true });
  }
}
