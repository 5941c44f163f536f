import { spawn } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import type { StateEvent } from "@statestream/core";
import { onTestFinished } from "vitest";

export interface Example {
  readonly url: string;
  /** Presses Ctrl-C, and gives the exit code once the process has ended by itself. */
  stop(this: void): Promise<number | null>;
}

/** Starts a built example as its README does, but on a free port. */
export async function start(name: string, env: Record<string, string> = {}): Promise<Example> {
  const server = fileURLToPath(new URL(`../../${name}/dist/server.js`, import.meta.url));
  const child = spawn(process.execPath, [server], { env: { ...process.env, ...env, PORT: "0" } });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exit = once(child, "exit").then(([code]) => code as number | null);
  const line = await Promise.race([once(child.stdout, "data"), exit]);
  if (!Array.isArray(line)) throw new Error(`${name} did not start. Was it built? ${errors}`);
  return {
    url: new URL(String(line[0]).trim()).origin,
    async stop() {
      const began = performance.now();
      child.kill("SIGINT");
      const code = await exit;
      // A server that waits for idle sockets takes four.
      const seconds = (performance.now() - began) / 1000;
      if (seconds > 3) throw new Error(`${name} took ${seconds} s to stop.`);
      if (errors !== "") throw new Error(`${name} complained: ${errors}`);
      return code;
    },
  };
}

/** An event as it came over the wire. */
export type Received = StateEvent & { readonly id: string };

/**
 * Reads the events of a stream, one after the other, until the server ends it. Not by `fetch`: when it discards a
 * response, it opens another socket, for which every server that stops would wait.
 */
export async function* follow(url: string, headers: Record<string, string> = {}): AsyncGenerator<Received, undefined> {
  const [response] = (await once(get(url, { headers }), "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}.`);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    const frames = (text + chunk).split("\n\n");
    text = frames.pop() as string;
    for (const frame of frames) {
      const [, data = ""] = /^data: (.*)$/m.exec(frame) ?? [];
      const [, id = ""] = /^id: (.*)$/m.exec(frame) ?? [];
      yield { ...(JSON.parse(data) as StateEvent), id };
    }
  }
  return undefined;
}

/** The next events of a stream. */
export async function take(events: AsyncGenerator<Received, undefined>, count: number): Promise<Received[]> {
  const taken: Received[] = [];
  while (taken.length < count) {
    const { value } = await events.next();
    if (value === undefined) throw new Error(`The stream ended after ${taken.length} of ${count} events.`);
    taken.push(value);
  }
  return taken;
}

/** The first events that a request gets; it then leaves. */
export async function peek(url: string, count: number, headers?: Record<string, string>): Promise<Received[]> {
  const events = follow(url, headers);
  const taken = await take(events, count);
  await events.return(undefined);
  return taken;
}

/** Everything until the server ends the stream. */
export async function rest(events: AsyncGenerator<Received, undefined>): Promise<Received[]> {
  const taken: Received[] = [];
  for await (const event of events) taken.push(event);
  return taken;
}

export async function post(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, { method: "POST", ...init });
  await response.arrayBuffer();
  return response.status;
}
