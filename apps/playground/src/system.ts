import { freemem, loadavg, totalmem } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { StateStreamStats } from "@statestream/core";
import type { PlaygroundWriter, SystemState } from "./state.ts";

const SAMPLE_MS = 1000;
const RESOLUTION_MS = 10;

export type Traffic = Pick<StateStreamStats, "connections" | "bytesWritten">;

export function readSystem({ connections, bytesWritten }: Traffic, eventLoopDelayMs: number): SystemState {
  const [load1m = 0, load5m = 0] = loadavg();
  return {
    load1m: rounded(load1m, 2),
    load5m: rounded(load5m, 2),
    memoryUsedBytes: totalmem() - freemem(),
    memoryTotalBytes: totalmem(),
    processRssBytes: process.memoryUsage.rss(),
    eventLoopDelayMs: rounded(eventLoopDelayMs, 1),
    openConnections: connections,
    sentBytes: bytesWritten,
    uptimeSeconds: Math.round(process.uptime()),
  };
}

/** Updates the slice `system` once a second, until the returned function is called. */
export function startSystem(stream: PlaygroundWriter, traffic: () => Traffic): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const sample = (): void => {
    // What the histogram holds is the time between two of its ticks.
    const delayMs = Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
    delays.reset();
    stream.set("system", readSystem(traffic(), delayMs), { type: "system.sampled" });
  };
  const timer = setInterval(sample, SAMPLE_MS).unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
