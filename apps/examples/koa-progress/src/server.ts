import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/koa";
import Koa from "koa";

const upTo = Number(process.env["UP_TO"] ?? 10_000_000);
const page = readFileSync(new URL("../public/index.html", import.meta.url), "utf8");

type Progress = { phase: "idle" | "running" | "done" | "cancelled"; percent: number; primes: number };
const stream = createStateStream<Progress>({ initialState: { phase: "idle", percent: 0, primes: 0 } });
let job = new AbortController();

const isPrime = (n: number): boolean => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return n > 1;
};

/** The long job, in parts: after each of them the server does other things. */
async function countPrimes(signal: AbortSignal): Promise<void> {
  for (let done = 0, primes = 0; done < upTo && !signal.aborted; await setImmediate()) {
    const end = Math.min(done + 10_000, upTo);
    while (done < end) if (isPrime(++done)) primes++;
    // One commit, so that no page shows the bar of one moment with the count of another.
    stream.batch(() => {
      stream.set("percent", Math.floor((100 * done) / upTo));
      stream.set("primes", primes);
      stream.set("phase", done < upTo ? "running" : "done");
    });
  }
}

const app = new Koa();
app.use((ctx) => {
  const route = `${ctx.method} ${ctx.path}`;
  if (route === "GET /") ctx.body = page;
  if (route === "GET /events" || route === "HEAD /events") streamState(ctx, stream);
  if (route === "POST /start") {
    if (stream.state.phase === "running") ctx.throw(409, "One job at a time.");
    job = new AbortController();
    void countPrimes(job.signal);
    ctx.status = 202;
  }
  if (route === "POST /cancel") {
    job.abort();
    stream.set("phase", (phase) => (phase === "running" ? "cancelled" : phase));
    ctx.status = 204;
  }
});

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
const stop = (): void => {
  job.abort();
  server.close();
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
