import type { Connection, StateEvent, StateStreamError } from "@statestream/core";
import { createTestClock, type TestClock } from "@statestream/core/testing";
import { backplaneOn } from "../../src/cluster/backplane.ts";
import type { Backplane, BackplaneOptions } from "../../src/cluster/backplane-types.ts";
import type { Engine } from "../../src/cluster/engine.ts";
import { type MemoryEngine, MemoryEngineServer } from "./memory-engine.ts";

/** One node of a cluster, with its own link to the engine. */
export interface Node {
  readonly engine: MemoryEngine;
  readonly backplane: Backplane;
  readonly errors: StateStreamError[];
}

/** What is still under way after so many turns in which no time passes goes in circles. */
const MAX_TURNS = 300;

/** Nodes around one engine in memory, on a clock that only moves when the test advances it. */
export class Cluster {
  readonly clock: TestClock;
  readonly server: MemoryEngineServer;
  /** How far the engine's clock is ahead of that of the nodes, in milliseconds. */
  skewMs = 0;
  #epochs = 0;
  /** Turns that are due. */
  #turns = 0;

  constructor() {
    this.clock = createTestClock({ now: 1_000_000 });
    this.server = new MemoryEngineServer({
      now: () => this.clock.now() + this.skewMs,
      defer: (fn) => this.#defer(fn),
    });
  }

  node(options: BackplaneOptions = {}, wrap: (engine: Engine) => Engine = (engine) => engine): Node {
    const engine = this.server.connect();
    const errors: StateStreamError[] = [];
    const defer = (fn: () => void): void => this.#defer(fn);
    const clock = { ...this.clock.clock, defer, epoch: () => `epoch${String(++this.#epochs).padStart(6, "0")}` };
    const onError = (error: StateStreamError): void => void errors.push(error);
    return { engine, errors, backplane: backplaneOn(() => wrap(engine), { onError, ...options }, clock) };
  }

  /** One turn of the event loop, and what is due in it. */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.clock.flush();
  }

  /** Until nothing is under way that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn === 0 || this.#turns > 0; turn++) {
      if (turn === MAX_TURNS) throw new Error(`After ${MAX_TURNS} turns there is still something under way.`);
      await this.turn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets time pass in small steps, so that calls that wait for answers continue in between. */
  async pass(ms: number, step = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(Math.min(step, ms - passed));
      await this.settle();
    }
  }

  #defer(fn: () => void): void {
    this.#turns++;
    this.clock.clock.defer(() => {
      this.#turns--;
      fn();
    });
  }
}

/** A client that keeps every event that it receives. */
export class Client {
  readonly connection: Connection;
  readonly events: StateEvent[] = [];
  lastEventId = "";
  ended = false;

  constructor(connection: Connection) {
    this.connection = connection;
    void this.#listen();
  }

  get snapshots(): string[] {
    return this.events.flatMap((event) => (event.type === "state.initial" ? [event.reason] : []));
  }

  /** The events that are not heartbeats. */
  get received(): StateEvent[] {
    return this.events.filter(({ type }) => type !== "heartbeat");
  }

  async #listen(): Promise<void> {
    for await (const { id, data } of this.connection) {
      this.events.push(JSON.parse(data) as StateEvent);
      if (id !== "") this.lastEventId = id;
    }
    this.ended = true;
  }
}
