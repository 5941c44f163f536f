import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { readPages } from "../../../src/pages.ts";
import type { PlaygroundStream } from "../../../src/state.ts";
import { startServer } from "../../../src/server.ts";
import { quietPlayground } from "../../support/playground.ts";

const HOST = "127.0.0.1";
/** Short, so that a test of four attempts is one of seconds. */
const RETRY_MS = 50;
const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));

/** A playground in this process, in which only the test and the page change anything, and the machine every second. */
export async function startPlayground(): Promise<{ url: string; stream: PlaygroundStream }> {
  const playground = quietPlayground("", { pages: readPages(), retryMs: RETRY_MS });
  const server = await startServer(playground, { framework: "hono", host: HOST, port: 0 });
  onTestFinished(() => server.close());
  return { url: server.url, stream: playground.stream };
}

/** A playground in a process of its own, so that it can be killed. */
export async function spawnPlayground(port = 0): Promise<{ url: string; port: number; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, [MAIN, "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(kill);
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const url = /http:\S+:\d+/.exec(output)?.[0];
    if (url !== undefined) return { url, port: Number(new URL(url).port), kill };
  }
  throw new Error("The playground did not start.");
}

/** Something between the page and the server that can fail as such things do. */
export interface Proxy {
  readonly url: string;
  /** Cuts the streams, and answers that many requests for one with 502. */
  fail(times: number): void;
  /** How many of those are still to come. */
  readonly failures: number;
}

export async function startProxy(target: string): Promise<Proxy> {
  let failures = 0;
  const streams = new Set<() => void>();
  const server = createServer((req, res) => {
    const isStream = req.url?.startsWith("/events") === true;
    if (isStream && failures > 0) {
      failures -= 1;
      res.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
      return;
    }
    const passed = request(`${target}${req.url}`, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(res);
    });
    passed.on("error", () => res.destroy());
    req.pipe(passed);
    const cut = (): void => void res.destroy();
    if (isStream) streams.add(cut);
    res.on("close", () => {
      streams.delete(cut);
      passed.destroy();
    });
  });
  server.listen(0, HOST);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    get failures() {
      return failures;
    },
    fail(times) {
      failures = times;
      for (const cut of streams) cut();
    },
  };
}
