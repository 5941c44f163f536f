import { createStateClient, type DeepReadonly, type StateClientError } from "@statestream/client";
import type { Json, StateEvent, StateInitialEvent, StateUpdateEvent } from "@statestream/core";
import type { TailOptions } from "./arguments.ts";
import { causeOf, clockTime, COLOURS, inline, operationLines, PLAIN, printable, type Style } from "./format.ts";

/** Where the output goes. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Stops following; its reason is the exit code. */
  readonly signal: AbortSignal;
}

/** The width of `12:34:56.789 `. */
const TIME_WIDTH = 13;

/** Follows a stream until it ends for good or is stopped. Gives the exit code. */
export function tail(options: TailOptions, { stdout, stderr, signal }: Terminal): Promise<number> {
  const styleOf = (stream: NodeJS.WriteStream): Style => (stream.isTTY && !process.env["NO_COLOR"] ? COLOURS : PLAIN);
  const style = styleOf(stdout);
  const print = (line: string): void => void stdout.write(`${line}\n`);
  const note = (text: string): void => void stderr.write(`${styleOf(stderr).dim(`# ${printable(text)}`)}\n`);
  // Where the output is no terminal it is for programs and files, which want all of it.
  const room = (used: number): number => (stdout.isTTY ? Math.max(20, stdout.columns - used) : Infinity);

  const showState = ({ slices, reason }: StateInitialEvent, id: string | undefined): void => {
    note(`snapshot (${reason}) at ${id ?? "no position"}`);
    for (const [slice, value] of Object.entries(slices)) {
      const name = printable(slice);
      print(`${style.name(name)} ${inline(value, room(name.length + 1))}`);
    }
  };
  const showPatches = (update: StateUpdateEvent): void => {
    const name = printable(update.slice);
    const cause = causeOf(update);
    const used = TIME_WIDTH + name.length + 1;
    for (const line of operationLines(update, style, room(used))) {
      print(`${style.dim(clockTime(update.timestamp))} ${style.name(name)} ${line}`);
    }
    if (cause !== undefined) print(`${" ".repeat(TIME_WIDTH)}${style.dim(`↳ ${cause}`)}`);
  };
  const showValue = (update: StateUpdateEvent, value: DeepReadonly<Json> | undefined): void => {
    const name = printable(update.slice);
    const cause = causeOf(update);
    const mark = cause === undefined ? "" : `  ↳ ${cause}`;
    const text =
      value === undefined ? style.removed("removed") : inline(value, room(TIME_WIDTH + name.length + 1 + mark.length));
    print(`${style.dim(clockTime(update.timestamp))} ${style.name(name)} ${text}${style.dim(mark)}`);
  };

  /** The newest update of each slice since the state was last shown. */
  const pending = new Map<string, StateUpdateEvent>();
  const onEvent = (event: StateEvent, { id }: { readonly id: string | undefined }): void => {
    if (options.json) print(printable(JSON.stringify({ id, ...event })));
    else if (event.type === "state.initial") showState(event, id);
    else if (event.type === "state.update" && options.patches) showPatches(event);
    else if (event.type === "state.update") pending.set(event.slice, event);
    if (event.type === "state.initial") pending.clear();
    if (event.type === "state.end") note(`the server ended the connection: ${event.reason}`);
  };

  return new Promise((resolve) => {
    const client = createStateClient<Record<string, Json>>(options.url, {
      ...(options.slices === undefined ? {} : { slices: options.slices }),
      headers: options.headers.map(([name, value]) => [name, value]),
      onEvent,
      onError: (error: StateClientError) => note(`${error.code}: ${error.message}`),
    });
    let { status } = client.getStatus();
    client.subscribe(() => {
      const state = client.getState() ?? {};
      for (const [slice, update] of pending) showValue(update, Object.hasOwn(state, slice) ? state[slice] : undefined);
      pending.clear();
      const now = client.getStatus();
      if (now.status === "live" && status !== "live") note(now.resumed ? "live, resumed where it was" : "live");
      if (now.status === "stale" && status === "live") note("stale: reconnecting");
      status = now.status;
      if (now.status === "closed" && !signal.aborted) resolve(now.error?.code === "ended" ? 0 : 1);
    });
    const stop = (): void => {
      client.close();
      resolve(signal.reason as number);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
}
