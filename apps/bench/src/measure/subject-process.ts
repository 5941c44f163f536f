import { fork } from "node:child_process";
import { once } from "node:events";
import { pin } from "./cpus.ts";

/** A program under measurement, in a process of its own that answers each order with a report. */
export interface SubjectProcess<Order extends object, Report> {
  ask(order: Order): Promise<Report>;
  /** What the process sends next. */
  message(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a compiled program on a core. `name` is for errors. */
export function startProcess<Order extends object, Report>(
  name: string,
  core: number,
  program: string,
  args: readonly string[] = [],
): SubjectProcess<Order, Report> {
  const child = fork(program, args, { execArgv: ["--expose-gc"] });
  pin(child.pid as number, core);
  const failure = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`${name} exited with ${code}.`)));
    child.once("error", reject);
  });
  // An exit that nobody waits for was requested.
  failure.catch(() => {});
  const message = async (): Promise<unknown> => {
    const [first] = (await Promise.race([once(child, "message"), failure])) as unknown[];
    return first;
  };
  return {
    message,
    async ask(order) {
      const answer = message();
      child.send(order);
      return (await answer) as Report;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}
