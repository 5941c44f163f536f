import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A child of the rig that takes orders and answers them. */
export interface Worker {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the answer; rejects when the process is gone before it. */
  ask<T>(order: unknown): Promise<T>;
  /** Messages that answer nothing. */
  onNotice(listener: (notice: never) => void): void;
  readonly exited: Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Its end is no surprise from now on. */
  expectExit(): void;
}

/** Every process of a run; each is ended by its own pid. */
export class Processes {
  readonly #dir: string;
  readonly #children = new Map<ChildProcess, string>();
  #unexpected: ((error: Error) => void) | undefined;
  readonly #expected = new Set<ChildProcess>();

  /** Their output goes to files in `dir`. */
  constructor(dir: string) {
    this.#dir = dir;
    // However this process comes to its end: by an error that nobody expected, for example.
    process.once("exit", () => {
      for (const child of this.#children.keys()) child.kill("SIGKILL");
    });
  }

  /** Called when a process ends unexpectedly. */
  set onUnexpectedExit(listener: (error: Error) => void) {
    this.#unexpected = listener;
  }

  /** Runs a program of the system. */
  spawn(name: string, command: string, args: readonly string[]): ChildProcess {
    const output = openSync(join(this.#dir, `${name}.out`), "a");
    const child = spawn(command, args, { stdio: ["ignore", output, output] });
    closeSync(output);
    return this.#adopt(name, child);
  }

  /** Runs a file beside this one, as a worker. */
  fork(name: string, file: string, args: readonly string[], execArgv: readonly string[] = []): Worker {
    const output = openSync(join(this.#dir, `${name}.out`), "a");
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      execArgv: [...execArgv],
      stdio: ["ignore", output, output, "ipc"],
    });
    closeSync(output);
    this.#adopt(name, child);
    return workerOf(name, child, () => this.#expected.add(child));
  }

  /** Its end is no surprise from now on. */
  expectExit(child: ChildProcess): void {
    this.#expected.add(child);
  }

  /** Ends whatever still runs, and waits until it is gone. */
  async endAll(): Promise<void> {
    const ends = [...this.#children.keys()].map(async (child) => {
      this.#expected.add(child);
      // HAProxy's master ends its workers only when it is stopped by SIGTERM, not when it is killed.
      child.kill("SIGTERM");
      child.kill("SIGCONT");
      const timer = setTimeout(() => child.kill("SIGKILL"), 1500);
      await gone(child);
      clearTimeout(timer);
    });
    await Promise.all(ends);
  }

  #adopt(name: string, child: ChildProcess): ChildProcess {
    this.#children.set(child, name);
    child.once("error", (cause) => this.#unexpected?.(new Error(`${name} could not be started.`, { cause })));
    child.once("exit", (code, signal) => {
      this.#children.delete(child);
      if (!this.#expected.has(child))
        this.#unexpected?.(new Error(`${name} ended by itself: ${signal ?? code}; see ${name}.out.`));
    });
    return child;
  }
}

function workerOf(name: string, child: ChildProcess, expectExit: () => void): Worker {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const listeners = new Set<(notice: never) => void>();
  let calls = 0;
  child.on("message", (message: { call?: number; value?: never; notice?: never }) => {
    if (message.call === undefined) {
      for (const listener of listeners) listener(message.notice as never);
      return;
    }
    waiting.get(message.call)?.resolve(message.value as never);
    waiting.delete(message.call);
  });
  const exited = gone(child).then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} is gone.`));
    waiting.clear();
  });
  return {
    name,
    pid: child.pid as number,
    exited,
    ask: (order) =>
      new Promise((resolve, reject) => {
        const call = ++calls;
        waiting.set(call, { resolve, reject });
        child.send({ call, order }, (error) => error === null || reject(error));
      }),
    onNotice: (listener) => void listeners.add(listener),
    expectExit,
    signal(signal) {
      if (signal !== "SIGSTOP" && signal !== "SIGCONT") expectExit();
      child.kill(signal);
    },
  };
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await once(child, "exit");
}
