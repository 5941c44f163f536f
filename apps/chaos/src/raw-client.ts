import { request, type ClientRequest, type IncomingMessage } from "node:http";
import type { StateEvent } from "@statestream/core";
import type { ChaosClient, ClientReport } from "./clients.ts";
import { ClientLog } from "./client-log.ts";
import type { Log } from "./log.ts";
import { PlainReplica } from "./plain-replica.ts";
import { HEARTBEAT_MS } from "./settings.ts";
import { hashOf } from "./state.ts";

/** Milliseconds until it reconnects. */
const RETRY_MS = 250;

/**
 * A client written from PROTOCOL.md alone, so that a mistake common to our server and our client shows. Every other connection
 * asks for `append`, so that it resumes in both dialects where the other one ended.
 */
export class RawClient implements ChaosClient {
  bytesPerSecond: number;
  readonly #name: string;
  readonly #url: string;
  readonly #log: ClientLog;
  readonly #replica = new PlainReplica();
  #request: ClientRequest | undefined;
  #text = "";
  #watchdog: NodeJS.Timeout | undefined;
  #stopped = false;
  #append = false;

  constructor(name: string, url: string, log: Log, { bytesPerSecond = Infinity }: { bytesPerSecond?: number } = {}) {
    this.#name = name;
    this.#url = url;
    this.#log = new ClientLog(name, log);
    this.bytesPerSecond = bytesPerSecond;
    this.#connect();
  }

  drop(): void {
    this.#request?.destroy();
  }

  report(): ClientReport {
    const { state, eventId } = this.#replica;
    return { name: this.#name, eventId, hash: state === undefined ? undefined : hashOf(state) };
  }

  #connect(): void {
    const { eventId } = this.#replica;
    this.#text = "";
    const connection = this.#log.connecting();
    this.#append = !this.#append;
    this.#replica.begin({ append: this.#append });
    const headers = { accept: "text/event-stream", ...(eventId === undefined ? {} : { "last-event-id": eventId }) };
    const url = new URL(this.#url);
    if (this.#append) url.searchParams.set("ops", "append");
    const asked = request(url, { headers, agent: false });
    this.#request = asked;
    this.#watch();
    asked.on("error", () => {});
    asked.on("response", (response) => {
      if (response.statusCode !== 200) return void asked.destroy();
      this.#log.opened(connection, String(response.headers["x-node"]), eventId);
      this.#read(response);
    });
    asked.on("close", () => {
      clearTimeout(this.#watchdog);
      if (!this.#stopped) setTimeout(() => this.#connect(), RETRY_MS);
    });
    asked.end();
  }

  #read(response: IncomingMessage): void {
    response.setEncoding("utf8");
    response.on("error", () => {});
    response.on("data", (text: string) => {
      this.#watch();
      this.#take(text);
      const pauseMs = (text.length / this.bytesPerSecond) * 1000;
      if (pauseMs < 1) return;
      response.pause();
      setTimeout(() => response.resume(), pauseMs);
    });
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    // A slow client reads late, which is no sign of a dead connection.
    const patience = this.bytesPerSecond === Infinity ? 2.5 * HEARTBEAT_MS : 60_000;
    this.#watchdog = setTimeout(() => this.#request?.destroy(), patience);
  }

  #take(text: string): void {
    const frames = (this.#text + text).split("\n\n");
    this.#text = frames.pop() as string;
    for (const frame of frames) {
      const fields = new Map(frame.split("\n").map((line) => line.split(/: (.*)/s) as [string, string]));
      const data = fields.get("data");
      if (data === undefined) continue;
      const event = JSON.parse(data) as StateEvent;
      const misfit = this.#replica.take(event, fields.get("id"));
      this.#log.event(event, fields.get("id"), this.#replica.state);
      if (misfit !== undefined) return this.#resync(misfit);
      if (event.type === "state.end" && !event.retry) this.#stop(event.reason);
    }
  }

  #resync(why: string): void {
    this.#log.ended(why, true);
    this.#replica.eventId = undefined;
    this.#request?.destroy();
  }

  #stop(why: string): void {
    this.#stopped = true;
    this.#log.gaveUp(why);
  }
}
