import type { ClientsOrder } from "./clients.ts";
import { HaProxy } from "./haproxy.ts";
import type { LinkOrder } from "./links.ts";
import { type Log, openLog } from "./log.ts";
import { monotonicMs } from "./monotonic.ts";
import type { NodeOrder } from "./serving-node.ts";
import { freePort } from "@statestream/redis-server";
import type { Processes, Worker } from "./processes.ts";
import { ReplicatedRedis } from "./redis-server.ts";
import { PREFIX, STREAM } from "./settings.ts";
import type { Transform } from "./transform.ts";
import { transformArgs } from "./transform.ts";
import type { Position } from "./facts.ts";
import type { WriterOrder } from "./writer.ts";

export interface WorldOptions {
  readonly dir: string;
  readonly seed: number;
  readonly clients: number;
  readonly processes: Processes;
  /** What every node and writer runs a changed build with. */
  readonly mutant: Transform | undefined;
}

const FRAMEWORKS = { "node-1": "hono", "node-2": "express", "node-3": "koa" } as const;

export type NodeName = keyof typeof FRAMEWORKS;
export const NODES: readonly NodeName[] = ["node-1", "node-2", "node-3"];
export type WriterName = "writer-1" | "writer-2";
export const WRITERS: readonly WriterName[] = ["writer-1", "writer-2"];
/** Links are named after who connects. */
export type LinkName = NodeName | WriterName | "replication";

/** Names of the keys of the stream, as packages/redis lays them out. */
export const KEYS: Readonly<Record<"meta" | "log" | "checkpoint", string>> = {
  meta: `${PREFIX}:{${STREAM}}:m`,
  log: `${PREFIX}:{${STREAM}}:l`,
  checkpoint: `${PREFIX}:{${STREAM}}:s`,
};

/** Everything that runs. Faults are made through it. */
export class World {
  readonly log: Log;
  primary!: ReplicatedRedis;
  replica!: ReplicatedRedis;
  haproxy!: HaProxy;
  #links!: Worker;
  #clients!: Worker;
  readonly #options: WorldOptions;
  readonly #linkPorts = new Map<LinkName, number>();
  readonly #nodePorts = new Map<NodeName, number>();
  /** Where the nodes and writers export their metrics. */
  readonly metricsPorts: Map<NodeName | WriterName, number> = new Map();
  readonly #workers = new Map<NodeName | WriterName, Worker>();
  readonly #leading = new Map<WriterName, boolean>();
  /** When all nodes were there, by the monotonic clock. */
  startedAt = 0;
  #clientsUrl = "";

  constructor(options: WorldOptions) {
    this.#options = options;
    this.log = openLog(options.dir, "rig");
  }

  async start(): Promise<void> {
    const { dir, seed, clients, processes } = this.#options;
    [this.primary, this.replica] = await Promise.all([
      ReplicatedRedis.start("redis-a", processes),
      ReplicatedRedis.start("redis-b", processes),
    ]);
    this.#links = processes.fork("links", "./links.js", []);
    for (const name of [...NODES, ...WRITERS, "replication"] as const) {
      const order: LinkOrder = { do: "open", name, target: this.primary.port };
      this.#linkPorts.set(name, await this.#links.ask<number>(order));
    }
    await this.replica.follow(this.portOf("replication"));
    await this.replica.synced();
    for (const name of NODES) this.#nodePorts.set(name, await freePort());
    for (const name of [...NODES, ...WRITERS]) this.metricsPorts.set(name, await freePort());
    for (const name of WRITERS) this.startWriter(name);
    await this.leader();
    await Promise.all(NODES.map((name) => this.startNode(name)));
    this.startedAt = monotonicMs();
    const nodes = NODES.map((name) => ({ name, port: this.#nodePorts.get(name) as number }));
    this.haproxy = await HaProxy.start(dir, nodes, processes);
    this.#clientsUrl = `http://127.0.0.1:${this.haproxy.port}/events`;
    this.#clients = processes.fork("clients", "./clients.js", [dir, this.#clientsUrl, String(clients), String(seed)]);
  }

  /** Removes what the Redis servers left on disk; also where only some of them were started. */
  async removeRedis(): Promise<void> {
    await Promise.all([this.primary, this.replica].map((server) => server?.stop()));
  }

  /** Starts a serving node; resolves when it listens. */
  async startNode(name: NodeName, build: Transform | undefined = this.#options.mutant): Promise<void> {
    const ports = [this.#nodePorts.get(name), this.portOf(name), this.metricsPorts.get(name)].map(String);
    const args = [name, FRAMEWORKS[name], ...ports, this.#options.dir];
    const worker = this.#start(name, "./serving-node.js", args, build);
    await Promise.race([
      new Promise<void>((resolve) => worker.onNotice(() => resolve())),
      worker.exited.then(() => Promise.reject(new Error(`${name} did not come up; see ${name}.out.`))),
    ]);
  }

  startWriter(name: WriterName, build: Transform | undefined = this.#options.mutant): void {
    const { dir, seed } = this.#options;
    const numbers = [this.portOf(name), seed, this.metricsPorts.get(name)].map(String);
    const worker = this.#start(name, "./writer.js", [name, dir, ...numbers], build);
    worker.onNotice(({ leads }: { leads: boolean }) => void this.#leading.set(name, leads));
    void worker.exited.then(() => this.#workers.get(name) === worker && this.#leading.set(name, false));
  }

  /** The writer that leads; waits until there is one. */
  async leader(patienceMs = 15_000): Promise<WriterName> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const leader = WRITERS.find((name) => this.#leading.get(name) === true);
      if (leader !== undefined) return leader;
      if (Date.now() > until) throw new Error("No writer leads.");
      await pause(20);
    }
  }

  portOf(link: LinkName): number {
    return this.#linkPorts.get(link) as number;
  }

  /** The port of the framework's server of a node. */
  nodePort(name: NodeName): number {
    return this.#nodePorts.get(name) as number;
  }

  tellLink(order: LinkOrder): Promise<void> {
    return this.#links.ask(order);
  }

  askNode<T>(name: NodeName, order: NodeOrder): Promise<T> {
    return this.#worker(name).ask<T>(order);
  }

  tellWriter(name: WriterName, order: WriterOrder): Promise<void> {
    return this.#worker(name).ask(order);
  }

  askClients<T>(order: ClientsOrder): Promise<T> {
    return this.#clients.ask<T>(order);
  }

  /** Kills a process; resolves when it is gone. */
  async kill(name: NodeName | WriterName): Promise<void> {
    const worker = this.#worker(name);
    worker.signal("SIGKILL");
    this.log.write({ kind: "process", name, what: "killed" });
    await worker.exited;
  }

  stop(name: NodeName | WriterName): void {
    this.#worker(name).signal("SIGSTOP");
    this.log.write({ kind: "process", name, what: "stopped" });
  }

  continue(name: NodeName | WriterName): void {
    this.#worker(name).signal("SIGCONT");
    this.log.write({ kind: "process", name, what: "continued" });
  }

  /** Asks a node to drain; resolves when it is gone. */
  async drain(name: NodeName): Promise<void> {
    const worker = this.#worker(name);
    worker.expectExit();
    this.log.write({ kind: "process", name, what: "exited" });
    await worker.ask<void>({ do: "drain" } satisfies NodeOrder);
    await worker.exited;
  }

  /** Points links at the primary there is now. */
  async retarget(links: readonly LinkName[], server: ReplicatedRedis): Promise<void> {
    for (const name of links) await this.tellLink({ do: "retarget", name, target: server.port });
  }

  /** What Redis holds now, after it lost what it had. */
  async rolledBack(how: string, server: ReplicatedRedis): Promise<void> {
    const [epoch, seq] = await server.command<[string | null, string | null]>("HMGET", KEYS.meta, "e", "n");
    const head: Position | undefined = epoch === null ? undefined : { epoch, seq: Number(seq) };
    this.log.write({ kind: "rolled-back", how, head });
  }

  #start(name: NodeName | WriterName, file: string, args: string[], build: Transform | undefined): Worker {
    const worker = this.#options.processes.fork(name, file, args, transformArgs(build));
    this.#workers.set(name, worker);
    this.log.write({ kind: "process", name, what: "started" });
    return worker;
  }

  #worker(name: NodeName | WriterName): Worker {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`There is no ${name}.`);
    return worker;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
