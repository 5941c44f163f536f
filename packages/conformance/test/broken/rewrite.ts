import type { ConnectOptions, Connection, CreateStateStream, StateStream } from "@statestream/core";

/** An event on its way to a client, to be spoilt. */
export interface Frame {
  event: string;
  data: Record<string, unknown>;
  id: string;
}

type Bytes = Uint8Array;
type Connect = (options: ConnectOptions) => Connection;

const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

/** The stream, but for how it opens connections. */
export function connecting<S extends StateStream>(stream: S, change: (connect: Connect, stream: S) => Connect): S {
  const connect = change((options) => stream.connect(options), stream);
  return overriding(stream, { connect: (options: ConnectOptions = {}) => connect(options) });
}

/** An object, but for some of its members. */
export function overriding<T extends object>(target: T, members: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(_, name) {
      if (typeof name === "string" && Object.hasOwn(members, name)) return members[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A creator whose streams are changed after they are made. */
export function creating(
  create: CreateStateStream,
  change: (stream: StateStream, options: Record<string, unknown>) => StateStream,
): CreateStateStream {
  const made = (options: Parameters<CreateStateStream>[0]): StateStream =>
    change(create(options), options as unknown as Record<string, unknown>);
  return made as unknown as CreateStateStream;
}

/** Every connection hands on what `map` makes of what the real one says. */
export function writing(
  stream: StateStream,
  mapOf: (options: ConnectOptions) => (bytes: Bytes) => readonly Bytes[],
): StateStream {
  return connecting(stream, (connect) => (options) => mapped(connect(options), mapOf(options)));
}

function mapped(connection: Connection, map: (bytes: Bytes) => readonly Bytes[]): Connection {
  const waiting: Bytes[] = [];
  const read = (): Bytes | undefined => {
    while (waiting.length === 0) {
      const bytes = connection.read();
      if (bytes === undefined) return undefined;
      waiting.push(...map(bytes));
    }
    return waiting.shift();
  };
  return {
    read,
    onReadable: (fn) => connection.onReadable(fn),
    end: (reason) => connection.end(reason),
    close: () => connection.close(),
    get closed() {
      return connection.closed && waiting.length === 0;
    },
    get closeReason() {
      return connection.closeReason;
    },
    resumed: connection.resumed,
    context: connection.context,
    retryMs: connection.retryMs,
    [Symbol.asyncIterator]: () => connection[Symbol.asyncIterator](),
  };
}

/** Rewrites the text of whole events; the retry line comes first, and alone. */
export function texting(
  stream: StateStream,
  mapOf: (options: ConnectOptions) => (text: string) => string,
): StateStream {
  return writing(stream, (options) => {
    const map = mapOf(options);
    const decoder = new TextDecoder();
    let text = "";
    return (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      const end = text.startsWith("retry: ") ? text.indexOf("\n") + 1 : text.lastIndexOf("\n\n") + 2;
      if (end < 2) return [];
      const whole = map(text.slice(0, end));
      text = text.slice(end);
      return whole === "" ? [] : [utf8(whole)];
    };
  });
}

/** Rewrites events; `undefined` leaves one out. */
export function framing(
  stream: StateStream,
  mapOf: (options: ConnectOptions) => (frame: Frame) => Frame | readonly Frame[] | undefined,
): StateStream {
  return texting(stream, (options) => {
    const map = mapOf(options);
    return (text) => {
      if (text.startsWith("retry: ")) return text;
      const frames = text.split("\n\n").slice(0, -1).map(parse);
      return frames
        .flatMap((frame) => map(frame) ?? [])
        .map(print)
        .join("");
    };
  });
}

function parse(text: string): Frame {
  const [event = "", data = "", id = "id: "] = text.split("\n");
  return {
    event: event.slice("event: ".length),
    data: JSON.parse(data.slice("data: ".length)) as Record<string, unknown>,
    id: id.slice("id: ".length),
  };
}

function print({ event, data, id }: Frame): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n${id === "" ? "" : `id: ${id}\n`}\n`;
}

/** An id with another position. */
export function at(id: string, seq: number): string {
  const [epoch, , ...selection] = id.split(".");
  return [epoch, seq.toString(36), ...selection].join(".");
}
