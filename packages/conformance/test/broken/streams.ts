import {
  answerRequest,
  type ConnectOptions,
  type Connection,
  createStateStream,
  type StateSource,
  type StateStream,
} from "@statestream/core";
import { mountWith } from "./adapter.ts";
import { type Broken, mountOver } from "./broken.ts";
import { connecting, creating, framing, overriding, texting, writing } from "./rewrite.ts";

type Options = Record<string, unknown>;

/** Streams made with some of their options changed. */
const withOptions = (change: (options: Options) => Options): NonNullable<Broken["create"]> =>
  ((options: Options) => createStateStream(change(options) as never)) as never;

const withoutOption = (name: string): NonNullable<Broken["create"]> =>
  withOptions((options) => ({ ...options, [name]: undefined }));

const made = (change: (stream: StateStream, options: Options) => StateStream) => creating(createStateStream, change);

/** A client's id is changed before the stream sees it. */
const withId = (change: (id: string, stream: StateStream, options: ConnectOptions) => string | undefined) =>
  mountOver((stream) =>
    connecting(stream, (connect) => (options) => {
      const { lastEventId } = options;
      return connect(lastEventId ? { ...options, lastEventId: change(lastEventId, stream, options) } : options);
    }),
  );

function withSeq(id: string, change: (seq: number) => number): string {
  return id.replace(/\.([\da-z]+)/, (_, seq: string) => `.${change(Number.parseInt(seq, 36)).toString(36)}`);
}

function headOf(stream: StateStream): number {
  return stream.stats().events;
}

/** The selection's part of a connection's ids, with its dot. */
function suffixOf(stream: StateStream, slices: readonly string[] | undefined): string {
  const connection = stream.connect({ slices });
  connection.read();
  const [, suffix = ""] =
    /\nid: [\w-]+\.\w+(\.[\w-]+)?\n\n$/.exec(Buffer.from(connection.read() ?? []).toString()) ?? [];
  connection.close();
  return suffix;
}

/** Takes a snapshot, hands it over, and only then begins to listen. */
function subscribingLate(stream: StateStream): StateStream {
  return connecting(stream, (connect) => (options) => {
    if (options.lastEventId) return connect(options);
    const first = connect(options);
    let second: Connection | undefined;
    let listener: (() => void) | undefined;
    const listen = (): void => {
      second = connect({ ...options, lastEventId: `${stream.eventId}${suffixOf(stream, options.slices)}` });
      second.read();
      second.read();
      if (listener) second.onReadable(listener);
    };
    let whole = false;
    const read = (): Uint8Array | undefined => {
      if (second !== undefined) return second.read();
      const bytes = whole ? undefined : first.read();
      whole = bytes?.at(-1) === 10 && bytes.at(-2) === 10;
      if (bytes !== undefined) return bytes;
      first.close();
      setTimeout(listen, 5);
      second = { ...silent(), closed: false };
      return undefined;
    };
    return {
      ...silent(),
      read,
      onReadable(fn) {
        listener = fn;
        return first.onReadable(fn);
      },
      get closed() {
        return second?.closed ?? first.closed;
      },
      close() {
        first.close();
        second?.close();
      },
    };
  });
}

/** A connection that never says anything. */
function silent(): Connection {
  return {
    read: () => undefined,
    onReadable: () => () => {},
    closed: false,
    closeReason: undefined,
    resumed: false,
    context: undefined,
    retryMs: 0,
    end: () => {},
    close: () => {},
    [Symbol.asyncIterator]: () => {
      throw new Error("This connection is read as bytes.");
    },
  };
}

/** Keeps the connections that a stream opens. */
function tracking(stream: StateStream): { stream: StateStream; open: Set<Connection> } {
  const open = new Set<Connection>();
  return {
    open,
    stream: connecting(stream, (connect) => (options) => {
      const connection = connect(options);
      open.add(connection);
      return connection;
    }),
  };
}

/** Streams that get the state, the log or the connections wrong. */
export const brokenStreams: readonly Broken[] = [
  {
    name: "takes snapshots from the source",
    create: made((stream, { source }) =>
      framing(stream, () => (frame) => {
        if (frame.event !== "state.initial" || source === undefined) return frame;
        return { ...frame, data: { ...frame.data, slices: (source as StateSource).getState() } };
      }),
    ),
    caughtBy: ["connect-in-listener"],
  },
  {
    name: "subscribes after the snapshot",
    mount: mountOver(subscribingLate),
    caughtBy: ["connect-while-changing", "change-during-snapshot"],
  },
  {
    name: "keeps its first snapshot",
    mount: mountOver((stream) => {
      let kept: unknown;
      return framing(stream, () => (frame) => {
        if (frame.event !== "state.initial") return frame;
        kept ??= frame.data["slices"];
        return { ...frame, data: { ...frame.data, slices: kept } };
      });
    }),
    caughtBy: ["snapshot-position", "update-in-place", "narrow-hostile"],
  },
  {
    name: "gives every connection its own bytes",
    create: made((stream) => writing(stream, () => (bytes) => [bytes.slice()])),
    caughtBy: ["shared-bytes", "shared-bytes-written"],
  },
  {
    name: "sends payloads",
    create: withOptions((options) => ({ ...options, cause: (cause: unknown) => cause })),
    caughtBy: ["cause-payload-secret"],
  },
  {
    name: "never sends payloads",
    create: withoutOption("cause"),
    caughtBy: ["cause-payload-asked"],
  },
  {
    name: "does not see changes in place",
    create: made((stream) => {
      const texts = new Map<string, string>();
      const set = (slice: string, update: (value: unknown) => unknown): void =>
        (stream as never as { set: typeof set }).set(slice, (value) => {
          const before = value === undefined ? undefined : JSON.stringify(value);
          const next = update(value);
          if (next !== value || before === undefined) return next;
          return JSON.parse(texts.get(slice) ?? (texts.set(slice, before), before)) as unknown;
        });
      return overriding(stream, { set });
    }),
    caughtBy: ["update-in-place"],
  },
  {
    name: "sends an event where nothing changed",
    create: made((stream) => {
      const own = stream as never as {
        set(slice: string, value: unknown): void;
        batch(fn: () => void, cause: unknown): void;
      };
      return overriding(stream, {
        batch(fn: () => void, cause: unknown) {
          const before = stream.eventId;
          own.batch(fn, cause);
          const [slice] = Object.entries(stream.state);
          if (stream.eventId !== before || slice === undefined) return;
          own.set(slice[0], [slice[1]]);
          own.set(slice[0], structuredClone(slice[1]));
        },
      });
    }),
    caughtBy: ["update-unchanged"],
  },
  {
    name: "makes a commit of every call",
    create: made((stream) => overriding(stream, { batch: (fn: () => void) => fn() })),
    caughtBy: ["commit-more", "commit-more-narrowed", "commit-once", "connect-in-batch"],
  },
  {
    name: "shows every slice",
    create: withoutOption("slices"),
    caughtBy: ["slices-list", "slices-function", "slices-hidden-resume"],
  },
  {
    name: "asks only once which slices may be seen",
    create: withOptions((options) => {
      const { slices } = options;
      if (typeof slices !== "function") return options;
      let first: unknown;
      return { ...options, slices: (state: unknown) => (first ??= (slices as (state: unknown) => unknown)(state)) };
    }),
    caughtBy: ["slices-function", "slices-hidden-resume"],
  },
  {
    name: "finds slices on the prototype",
    mount: mountOver((stream) =>
      framing(stream, ({ slices = [] }) => (frame) => {
        if (frame.event !== "state.initial") return frame;
        const found = slices
          .filter((name) => name in stream.state)
          .map((name) => [name, (stream.state as Options)[name]]);
        return slices.length === 0
          ? frame
          : { ...frame, data: { ...frame.data, slices: Object.fromEntries(found) as Options } };
      }),
    ),
    caughtBy: ["narrow-hostile"],
  },
  {
    name: "replays without the selection",
    mount: mountOver((stream) => {
      return connecting(stream, (connect) => (options) => {
        const { lastEventId, slices } = options;
        const suffix = suffixOf(stream, slices);
        if (!lastEventId || suffix === "" || !lastEventId.endsWith(suffix)) return connect(options);
        const id = lastEventId.slice(0, -suffix.length);
        const marked = texting(stream, () => (text) => text.replaceAll(/^(id: .*)$/gm, `$1${suffix}`));
        return marked.connect({ ...options, slices: undefined, lastEventId: id });
      });
    }),
    caughtBy: ["resume-narrowed", "resume-narrowed-options", "resume-everywhere", "resume-quiet"],
  },
  {
    name: "has one epoch for ever",
    mount: mountOver((stream) => {
      const epoch = stream.eventId.slice(0, 11);
      return connecting(
        texting(stream, () => (text) => text.replaceAll(/^id: .{11}/gm, "id: AAAAAAAAAAA")),
        (connect) => (options) => connect({ ...options, lastEventId: options.lastEventId?.replace(/^A{11}/, epoch) }),
      );
    }),
    caughtBy: ["epoch-random", "reason-epoch", "reason-order"],
  },
  {
    name: "takes positions of any epoch",
    mount: withId((id, stream) => (/^[\w-]{11}\./.test(id) ? stream.eventId.slice(0, 11) + id.slice(11) : id)),
    caughtBy: ["reason-epoch", "reason-order"],
  },
  {
    name: "takes positions ahead of the log for its head",
    mount: withId((id, stream) =>
      /^[\w-]{11}\.[\da-z]+(\.|$)/.test(id) ? withSeq(id, (seq) => Math.min(seq, headOf(stream))) : id,
    ),
    caughtBy: ["reason-ahead", "reason-order"],
  },
  {
    name: "does not distinguish selections",
    mount: mountOver((stream) =>
      connecting(
        texting(stream, () => (text) => text.replaceAll(/^(id: .{11}\.\w+)\..*$/gm, "$1")),
        (connect) => (options) =>
          connect({
            ...options,
            lastEventId:
              options.lastEventId && /^[\w-]{11}\.\w+$/.test(options.lastEventId)
                ? options.lastEventId + suffixOf(stream, options.slices)
                : options.lastEventId,
          }),
      ),
    ),
    caughtBy: ["selection-in-id", "reason-selection"],
  },
  {
    name: "marks selections by the names as they came",
    mount: mountOver((stream) =>
      texting(stream, ({ slices }) => (text) => {
        const mark = Buffer.from(JSON.stringify(slices ?? ""))
          .toString("base64url")
          .slice(-8)
          .padStart(8, "0");
        return text.replaceAll(/^(id: .{11}\.\w+)\..*$/gm, `$1.${mark}`);
      }),
    ),
    caughtBy: ["selection-in-id"],
  },
  {
    name: "replays one event too many",
    mount: withId((id) => withSeq(id, (seq) => Math.max(0, seq - 1))),
    caughtBy: ["resume-missed", "resume-at-head"],
  },
  {
    name: "replays one event too few",
    mount: withId((id, stream) => withSeq(id, (seq) => Math.min(headOf(stream), seq + 1))),
    caughtBy: ["resume-missed", "resume-at-start", "resume-query", "resume-narrowed"],
  },
  {
    name: "does not say where a client resumes",
    mount: mountOver((stream) =>
      framing(stream, ({ lastEventId }) => {
        let resuming = Boolean(lastEventId);
        return (frame) => {
          const drop = resuming && frame.event === "heartbeat";
          resuming = false;
          return drop ? undefined : frame;
        };
      }),
    ),
    caughtBy: ["resume-missed", "resume-at-head", "resume-at-start"],
  },
  {
    name: "resumes only where the log reaches back to",
    create: made((stream, { maxLogEvents = 1000 }) =>
      connecting(stream, (connect) => (options) => {
        const seq = Number.parseInt(options.lastEventId?.split(".")[1] ?? "0", 36);
        return connect(seq < headOf(stream) - Number(maxLogEvents) ? { ...options, lastEventId: undefined } : options);
      }),
    ),
    caughtBy: ["resume-quiet"],
  },
  { name: "keeps every event", create: withoutOption("maxLogEvents"), caughtBy: ["reason-trimmed", "reason-order"] },
  {
    name: "has a heartbeat of its own",
    create: withoutOption("heartbeatMs"),
    caughtBy: ["heartbeat-event", "snapshot-first"],
  },
  { name: "has a retry time of its own", create: withoutOption("retryMs"), caughtBy: ["retry-spread"] },
  { name: "lets everybody in", create: withoutOption("maxConnections"), caughtBy: ["end-overloaded"] },
  { name: "never ends old connections", create: withoutOption("maxAgeMs"), caughtBy: ["end-max-age"] },
  {
    name: "waits for ever for clients that stall",
    create: withoutOption("maxStallMs"),
    caughtBy: ["stalled-released", "stalled-cut"],
  },
  {
    name: "takes a slow client for one that stalls",
    create: made((stream, { maxStallMs }) =>
      connecting(stream, (connect) => (options) => {
        const connection = connect(options);
        if (maxStallMs !== undefined) setTimeout(() => connection.close(), Number(maxStallMs));
        return connection;
      }),
    ),
    caughtBy: ["slow-reader"],
  },
  {
    name: "does nothing when it is closed",
    create: made((stream) => overriding(stream, { close: () => Promise.resolve() })),
    caughtBy: ["end-closed", "end-reason", "end-no-retry", "end-closed-connect", "end-stalled", "http-1.0"],
  },
  {
    name: "waits for every client to take its end",
    create: made((inner) => {
      const { stream, open } = tracking(inner);
      return overriding(stream, {
        async close() {
          for (const connection of open) connection.end("closed");
          while (inner.stats().connections > 0) await new Promise((resolve) => setTimeout(resolve, 5).unref());
        },
      });
    }),
    caughtBy: ["end-stalled"],
  },
  {
    name: "ends before what is pending",
    create: made((inner) => {
      const { stream, open } = tracking(inner);
      const close = (): Promise<void> => {
        for (const connection of open) connection.end("unavailable");
        return inner.close();
      };
      const ended = framing(
        stream,
        () => (frame) =>
          frame.event === "state.end" ? { ...frame, data: { ...frame.data, reason: "closed" } } : frame,
      );
      return overriding(ended, { close });
    }),
    caughtBy: ["end-pending"],
  },
  {
    name: "says nothing to clients that come after the end",
    mount: mountOver((stream) =>
      connecting(stream, (connect) => (options) => (stream.closing === undefined ? connect(options) : silent())),
    ),
    caughtBy: ["end-closed-connect", "end-reuse"],
  },
  {
    name: "answers 204 after every end",
    mount: mountWith({
      answer(stream, request, options) {
        const answer = answerRequest(stream, request, options);
        return stream.closing === undefined ? answer : { ...answer, status: 204, connect: undefined };
      },
    }),
    caughtBy: ["end-closed-connect", "end-reuse"],
  },
];
