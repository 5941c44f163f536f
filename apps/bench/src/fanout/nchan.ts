import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@statestream/redis-server";
import { machineNow, sleep, until } from "../measure/clock.ts";
import { pin, SERVER_CORE } from "../measure/cpus.ts";
import { Board, type Change } from "../servers/board.ts";
import { updateOf } from "../servers/protocol.ts";
import type { Subject } from "./subject.ts";

/** Where Debian's package and most others put it. */
const MODULES = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/lib/nginx/modules"].map(
  (directory) => `${directory}/ngx_nchan_module.so`,
);

/** `nginx/1.22.1`, or `undefined` where nginx or its module nchan is not installed, or not on Linux. */
export function nchanVersion(): string | undefined {
  const { stderr, status } = spawnSync("nginx", ["-v"], { encoding: "utf8" });
  if (status !== 0 || !MODULES.some((path) => existsSync(path)) || !existsSync("/proc/self/stat")) return undefined;
  return /nginx\/[\d.]+/.exec(stderr)?.[0];
}

function configuration(directory: string, port: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(" ");
  return `load_module ${MODULES.find((path) => existsSync(path))};
worker_processes 1; daemon off; pid ${directory}/pid; error_log stderr crit;
events { worker_connections 16000; }
http {
  access_log off; ${temporary}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = / { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }
    location = /publish { nchan_publisher; nchan_channel_id bench; nchan_store_messages off; }
  }
}
`;
}

/** nginx with nchan: a worker in C that is published to over HTTP. It knows nothing of states, so clients begin with one. */
export async function startNchan(kilobytes: number): Promise<Subject> {
  const directory = mkdtempSync(join(tmpdir(), "bench-nchan-"));
  const port = await freePort();
  writeFileSync(`${directory}/nginx.conf`, configuration(directory, port));
  const master = spawn("nginx", ["-p", directory, "-c", `${directory}/nginx.conf`], { stdio: "inherit" });
  pin(master.pid as number, SERVER_CORE);
  const workers = (): string[] => childrenOf(master);
  if (!(await until(() => workers().length === 1, 5000))) throw new Error("nginx has not started a worker.");
  const worker = workers()[0] as string;
  pin(Number(worker), SERVER_CORE);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const board = new Board(kilobytes);
  let prepared: Change[] = [];
  return {
    port,
    snapshots: false,
    async prepare(changes, cloned) {
      prepared = Array.from({ length: changes }, () => board.next(cloned));
    },
    async run(_perTick, perSecond) {
      const stamps: number[] = [];
      const start = machineNow();
      for (const [index, change] of prepared.entries()) {
        stamps.push(machineNow());
        await publish(port, agent, change);
        if (perSecond !== undefined) await sleep(start + ((index + 1) * 1000) / perSecond - machineNow());
      }
      return stamps;
    },
    usage: async () => ({ cpu: cpuOf(worker), rss: rssOf(worker), heap: 0, details: {} }),
    async stop() {
      agent.destroy();
      const exit = once(master, "exit");
      master.kill("SIGTERM");
      await exit;
      rmSync(directory, { recursive: true });
    },
  };
}

async function publish(port: number, agent: Agent, change: Change): Promise<void> {
  const headers = { "x-eventsource-event": "state.update", "content-type": "text/plain" };
  const posting = request({ port, host: "127.0.0.1", path: "/publish", method: "POST", agent, headers });
  posting.end(JSON.stringify(updateOf(change)));
  const [response] = (await once(posting, "response")) as [NodeJS.ReadableStream & { statusCode: number }];
  if (response.statusCode >= 300) throw new Error(`nchan took nothing: ${response.statusCode}`);
  response.resume();
  await once(response, "end");
}

function childrenOf({ pid }: ChildProcess): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
}

/** Microseconds, to the kernel's 10 ms: measure long. */
function cpuOf(pid: string): number {
  // After the name, which may hold anything in its parentheses: state is the first field, utime and stime the 12th and 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function rssOf(pid: string): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
