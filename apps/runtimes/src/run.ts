import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

// An interrupted run must not leave servers behind, which end at the event `exit`.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

export interface Running {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Of the process group, in which every process of the server is. */
  readonly group: number;
  stop(): Promise<void>;
}

/** The program that an npm package brings, without installing the package here. */
export function programOf(packageName: string, program: string): string {
  const found = execFileSync("npx", ["--yes", "--package", packageName, "-c", `command -v ${program}`]);
  return found.toString().trim();
}

/** Starts a server that prints the port it listens on, as the last number of its first line. */
export async function start(program: string, ...args: string[]): Promise<Running> {
  // A group of its own: what npm installs as a program may be a script that starts it.
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const errors: string[] = [];
  child.stderr.on("data", (chunk) => errors.push(String(chunk)));
  const lines = createInterface(child.stdout);
  const [line] = (await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(() => [""]),
    new Promise((resolve) => setTimeout(resolve, 30_000, [""])),
  ])) as [string];
  const port = /(\d+)\D*$/.exec(line)?.[1];
  const killAtExit = (): void => kill(child);
  const stop = (): Promise<void> => {
    process.off("exit", killAtExit);
    return end(child);
  };
  if (port === undefined) {
    await stop();
    throw new Error(`${program} did not start: ${errors.join("").slice(0, 2000)}`);
  }
  // Nobody reads what it says later, and a full pipe would stop it.
  child.stdout.resume();
  process.once("exit", killAtExit);
  return { url: `http://127.0.0.1:${port}`, group: child.pid as number, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  kill(child);
  await exited;
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
