import { type Broken, mountOver } from "./broken.ts";
import { at, connecting, type Frame, framing } from "./rewrite.ts";

/** Streams that get net events, rates and bookmarks wrong. */
export const brokenNet: readonly Broken[] = [
  {
    name: "gives every event of a range with net events an id that names a state",
    mount: mountOver((stream) => framing(stream, () => (frame) => ({ ...frame, id: frame.id.replace(/\.?\.-$/, "") }))),
    caughtBy: ["net-cut", "append-cut"],
  },
  {
    name: "shares a net event with a client that joined in between",
    mount: mountOver((stream) => {
      const sent = new Map<string, Frame>();
      return framing(stream, () => (frame) => {
        if (frame.event !== "state.update") return frame;
        const key = `${String(frame.data["slice"])} ${String(frame.data["seq"])}`;
        const first = sent.get(key) ?? frame;
        sent.set(key, first);
        return first;
      });
    }),
    caughtBy: ["net-join"],
  },
  {
    name: "leaves out a net event that changes nothing",
    mount: mountOver((stream) =>
      framing(stream, () => {
        let last: string | undefined;
        return (frame) => {
          if (frame.event !== "state.update") return frame;
          const text = JSON.stringify(frame.data["patches"]);
          const same = text !== undefined && text === last;
          last = text;
          return same ? undefined : frame;
        };
      }),
    ),
    caughtBy: ["net-toggle"],
  },
  {
    name: "grants no operations",
    mount: mountOver((stream) => connecting(stream, (connect) => (options) => connect({ ...options, append: false }))),
    caughtBy: ["append-granted"],
  },
  {
    name: "grants append to all",
    mount: mountOver((stream) => connecting(stream, (connect) => (options) => connect({ ...options, append: true }))),
    caughtBy: ["append-strict"],
  },
  {
    name: "sends pieces as if they were the whole text",
    mount: mountOver((stream) =>
      framing(stream, () => (frame) => {
        const { data } = frame;
        if (!Array.isArray(data["patches"])) return frame;
        const patches = (data["patches"] as { op: string }[]).map((each) =>
          each.op === "append" ? { ...each, op: "replace" } : each,
        );
        return { ...frame, data: { ...data, patches } };
      }),
    ),
    caughtBy: ["append-granted", "append-replaced"],
  },
  {
    name: "does not know of rates",
    mount: mountOver((stream) =>
      connecting(stream, (connect) => (options) => connect({ ...options, maxRateHz: undefined })),
    ),
    caughtBy: ["net-one", "rate-at-most", "rate-heartbeat"],
  },
  {
    name: "takes any number for the lowest rate",
    mount: mountOver((stream) =>
      connecting(stream, (connect) => (options) => connect({ ...options, maxRateHz: options.maxRateHz ?? 0.5 })),
    ),
    caughtBy: ["rate-invalid"],
  },
  {
    name: "moves a client with a rate past what it has not been sent",
    mount: mountOver((stream) =>
      framing(stream, () => (frame) => {
        if (frame.event !== "heartbeat") return frame;
        const seq = stream.stats().events;
        return { ...frame, id: at(frame.id, seq), data: { ...frame.data, seq } };
      }),
    ),
    caughtBy: ["rate-heartbeat"],
  },
  {
    name: "sends no bookmarks",
    mount: mountOver((stream) =>
      connecting(stream, (connect) => (options) => connect({ ...options, bookmarks: false })),
    ),
    caughtBy: ["bookmark-end"],
  },
  {
    name: "sends no bookmarks to clients that resume",
    mount: mountOver((stream) =>
      connecting(stream, (connect) => (options) => {
        const resumes = (options.lastEventId ?? "") !== "";
        return connect({ ...options, bookmarks: options.bookmarks === true && !resumes });
      }),
    ),
    caughtBy: ["bookmark-resume"],
  },
  {
    name: "sends bookmarks to all",
    mount: mountOver((stream) =>
      connecting(stream, (connect) => (options) => connect({ ...options, bookmarks: true })),
    ),
    caughtBy: ["bookmark-end"],
  },
];
