import { request, type ClientRequest, type IncomingMessage } from "node:http";
import type { StateEvent } from "@statestream/core";
import type { ChaosClient, ClientReport } from "./clients.ts";
import type { Log } from "./log.ts";
import { PlainReplica } from "./plain-replica.ts";
import { HEARTBEAT_MS } from "./settings.ts";
import { hashOf } from "./state.ts";

/** Milliseconds until it comes back. */
const RETRY_MS = 250;

/** A client written from PROTOCOL.md alone, so that a mistake that server and client share is seen. */
export class RawClient implements ChaosClient {
  bytesPerSecond: number;
  readonly #name: string;
  readonly #url: string;
  readonly #log: Log;
  readonly #replica = new PlainReplica();
  #connection = 0;
  #node = "";
  #request: ClientRequest | undefined;
  #text = "";
  #watchdog: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(name: string, url: string, log: Log, { bytesPerSecond = Infinity }: { bytesPerSecond?: number } = {}) {
    this.#name = name;
    this.#url = url;
    this.#log = log;
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
    this.#connection++;
    this.#replica.begin();
    const headers = { accept: "text/event-stream", ...(eventId === undefined ? {} : { "last-event-id": eventId }) };
    const asked = request(this.#url, { headers, agent: false });
    this.#request = asked;
    this.#heard();
    asked.on("error", () => {});
    asked.on("response", (response) => {
      if (response.statusCode !== 200) return void asked.destroy();
      this.#node = String(response.headers["x-node"]);
      this.#log.write({
        kind: "open",
        client: this.#name,
        connection: this.#connection,
        node: this.#node,
        from: eventId,
      });
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
      this.#heard();
      this.#take(text);
      const pauseMs = (text.length / this.bytesPerSecond) * 1000;
      if (pauseMs < 1) return;
      response.pause();
      setTimeout(() => response.resume(), pauseMs);
    });
  }

  #heard(): void {
    clearTimeout(this.#watchdog);
    // A slow client takes its time, and does not take the line for dead.
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
      this.#event(event, fields.get("id"));
      if (misfit !== undefined) return this.#resync(misfit);
      if (event.type === "state.end" && !event.retry) this.#stop(event.reason);
    }
  }

  #event(event: StateEvent, id: string | undefined): void {
    this.#log.write({
      kind: "event",
      client: this.#name,
      connection: this.#connection,
      node: this.#node,
      type: event.type,
      id,
      reason: "reason" in event ? event.reason : undefined,
      stale: "stale" in event ? event.stale : undefined,
      hash: this.#replica.state === undefined ? undefined : hashOf(this.#replica.state),
    });
  }

  #resync(why: string): void {
    this.#log.write({ kind: "ended", client: this.#name, connection: this.#connection, why, misfit: true });
    this.#replica.eventId = undefined;
    this.#request?.destroy();
  }

  #stop(why: string): void {
    this.#stopped = true;
    this.#log.write({ kind: "gave-up", client: this.#name, why });
  }
}
