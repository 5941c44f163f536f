import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import type { Engine } from "../../src/cluster/engine.ts";
import { RedisEngine } from "../../src/redis/redis-engine.ts";
import { MemoryEngineServer } from "./memory-engine.ts";
import { RedisServer } from "@statestream/redis-server";
import { HAS_REDIS, SKIPPED } from "./installed.ts";

/** An engine under test: what the contract needs beside the port. */
interface Rig {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A node on the data of this test. */
  open(): Engine;
  /** Lets the engine's clock go on. */
  pass(ms: number): Promise<void>;
  /** Sets the engine's clock back, for the lease of this stream. */
  setBack(key: string, ms: number): Promise<void>;
  evict(key: string, part: "meta" | "log" | "checkpoint"): Promise<void>;
  wipe(): Promise<void>;
  /** Nothing answers any more, and what it takes to notice that. Gives how to end it. */
  outage(): Promise<() => Promise<void>>;
}

/** What tests get: a rig that is started, and a node of their own. */
export type Engines = Omit<Rig, "start" | "stop"> & { readonly engine: Engine };

/** Runs tests against the engine in memory, and against Redis where there is one. */
export function forEachEngine(what: string, tests: (engines: Engines) => void): void {
  describe(`${what}, in memory`, () => {
    tests(use(new MemoryRig()));
  });
  describe.skipIf(!HAS_REDIS)(`${what}, in Redis${SKIPPED}`, () => {
    tests(use(new RedisRig()));
  });
}

function use(rig: Rig): Engines {
  let opened: Engine[] = [];
  beforeAll(() => rig.start());
  afterAll(() => rig.stop());
  beforeEach(() => rig.wipe());
  afterEach(async () => {
    await Promise.all(opened.map((engine) => engine.close()));
    opened = [];
  });
  const open = () => {
    const engine = rig.open();
    opened.push(engine);
    return engine;
  };
  return {
    open,
    get engine() {
      return opened[0] ?? open();
    },
    pass: (ms) => rig.pass(ms),
    setBack: (key, ms) => rig.setBack(key, ms),
    evict: (key, part) => rig.evict(key, part),
    wipe: () => rig.wipe(),
    outage: () => rig.outage(),
  };
}

class MemoryRig implements Rig {
  #now = 1e12;
  readonly #server = new MemoryEngineServer({ now: () => this.#now });
  readonly #nodes = new Set<ReturnType<MemoryEngineServer["connect"]>>();

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  open(): Engine {
    const node = this.#server.connect();
    this.#nodes.add(node);
    return node;
  }

  async pass(ms: number): Promise<void> {
    this.#now += ms;
  }

  async setBack(_key: string, ms: number): Promise<void> {
    this.#now -= ms;
  }

  async evict(key: string, part: "meta" | "log" | "checkpoint"): Promise<void> {
    this.#server.evict(key, part);
  }

  async wipe(): Promise<void> {
    this.#server.wipe();
  }

  async outage(): Promise<() => Promise<void>> {
    for (const node of this.#nodes) {
      node.cut();
      node.noticeDown();
    }
    return async () => {
      for (const node of this.#nodes) node.mend();
    };
  }
}

class RedisRig implements Rig {
  #server: RedisServer | undefined;

  async start(): Promise<void> {
    this.#server = await RedisServer.start();
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  open(): Engine {
    return new RedisEngine({
      redis: createClient({ url: this.#running.url }),
      prefix: "test",
      expireMs: 3_600_000,
      onError: () => {},
      probeMs: 50,
      deadlineMs: 500,
    });
  }

  async pass(ms: number): Promise<void> {
    await sleep(ms);
  }

  async setBack(key: string, ms: number): Promise<void> {
    // The clock is the machine's. Seen from a lease, that it is earlier is the same as that the lease ends later.
    await this.#running.command("HINCRBY", `test:{${encodeURIComponent(key)}}:m`, "wx", String(ms));
  }

  async evict(key: string, part: "meta" | "log" | "checkpoint"): Promise<void> {
    const name = { meta: "m", log: "l", checkpoint: "s" }[part];
    await this.#running.command("DEL", `test:{${encodeURIComponent(key)}}:${name}`);
  }

  async wipe(): Promise<void> {
    await this.#running.command("FLUSHALL");
  }

  async outage(): Promise<() => Promise<void>> {
    this.#running.signal("SIGSTOP");
    return async () => this.#running.signal("SIGCONT");
  }

  get #running(): RedisServer {
    if (!this.#server) throw new Error("start() first");
    return this.#server;
  }
}
