import { type Broken, mountOver } from "./broken.ts";
import { at, type Frame, framing, texting, writing } from "./rewrite.ts";

const onFrames = (map: (frame: Frame) => Frame | readonly Frame[] | undefined) =>
  mountOver((stream) => framing(stream, () => map));
const onText = (map: (text: string) => string) => mountOver((stream) => texting(stream, () => map));
const isRetry = (text: string): boolean => text.startsWith("retry: ");

/** Changes the data of one kind of event. */
const onData = (event: string, change: (data: Record<string, unknown>, frame: Frame) => Record<string, unknown>) =>
  onFrames((frame) => (frame.event === event ? { ...frame, data: change(frame.data, frame) } : frame));

function without(data: Record<string, unknown>, name: string): Record<string, unknown> {
  const { [name]: _, ...rest } = data;
  return rest;
}

/** Streams whose bytes are wrong on the way to the client. */
export const brokenWire: readonly Broken[] = [
  {
    name: "leaves out the retry line",
    mount: onText((text) => (isRetry(text) ? "" : text)),
    caughtBy: ["first-bytes"],
  },
  {
    name: "ends the retry line with a blank line",
    mount: onText((text) => (isRetry(text) ? `${text}\n` : text)),
    caughtBy: ["first-bytes"],
  },
  {
    name: "sends every client the same retry time",
    mount: onText((text) => (isRetry(text) ? "retry: 5000\n" : text)),
    caughtBy: ["retry-spread"],
  },
  {
    name: "spreads the times below the option",
    mount: onText((text) => (isRetry(text) ? `retry: ${Math.floor(5000 * Math.random())}\n` : text)),
    caughtBy: ["retry-spread"],
  },
  { name: "ends lines with CR LF", mount: onText((text) => text.replaceAll("\n", "\r\n")), caughtBy: ["first-bytes"] },
  {
    name: "puts the id before the data",
    mount: onText((text) => text.replaceAll(/^(data: [^\n]*)\n(id: [^\n]*)/gm, "$2\n$1")),
    caughtBy: ["first-bytes", "snapshot-first"],
  },
  { name: "leaves out ids", mount: onFrames((frame) => ({ ...frame, id: "" })), caughtBy: ["snapshot-first"] },
  {
    name: "adds comments",
    mount: onText((text) => (isRetry(text) ? text : `: hello\n\n${text}`)),
    caughtBy: ["snapshot-first"],
  },
  {
    name: "indents its JSON over many lines",
    mount: onText((text) =>
      text.replaceAll(/^data: ([^\n]*)/gm, (_, data: string) =>
        JSON.stringify(JSON.parse(data), null, 2).replaceAll(/^/gm, "data: "),
      ),
    ),
    caughtBy: ["snapshot-first"],
  },
  {
    name: "calls its updates message",
    mount: onFrames((frame) => (frame.event === "state.update" ? { ...frame, event: "message" } : frame)),
    caughtBy: ["update-patch", "update-everybody"],
  },
  {
    name: "writes latin1",
    mount: mountOver((stream) =>
      writing(stream, () => (bytes) => [Buffer.from(Buffer.from(bytes).toString(), "latin1")]),
    ),
    caughtBy: ["text-values", "text-members", "text-slice-names"],
  },
  {
    name: "writes line separators as they are",
    mount: onText((text) => text.replaceAll("\\n", "\n")),
    caughtBy: ["text-values", "text-members"],
  },
  {
    name: "writes lone surrogates as they are",
    mount: onText((text) => text.replaceAll(/\\ud[89a-f][\da-f]{2}/g, "\u{fffd}")),
    caughtBy: ["text-values", "text-members", "text-slice-names"],
  },
  { name: "drops NUL", mount: onText((text) => text.replaceAll("\\u0000", "")), caughtBy: ["text-values"] },
  {
    name: "loses members named __proto__",
    mount: onFrames((frame) => ({
      ...frame,
      data: JSON.parse(JSON.stringify(frame.data), (name, value: unknown) =>
        name === "__proto__" ? undefined : value,
      ) as Record<string, unknown>,
    })),
    caughtBy: ["hostile-members", "hostile-operations"],
  },
  {
    name: "writes seqs in base 10",
    mount: onFrames((frame) => ({
      ...frame,
      id: frame.id.replace(/\.(\w+)/, (_, seq: string) => `.${Number.parseInt(seq, 36)}`),
    })),
    caughtBy: ["update-order", "resume-everywhere"],
  },
  {
    name: "writes seqs with leading zeros",
    mount: onFrames((frame) => ({ ...frame, id: frame.id.replace(".", ".0") })),
    caughtBy: ["snapshot-first"],
  },
  {
    name: "numbers events for each connection",
    mount: mountOver((stream) =>
      framing(stream, () => {
        let seq = 0;
        return (frame) => {
          if (frame.event === "state.update") seq++;
          return {
            ...frame,
            id: at(frame.id, seq),
            data:
              frame.event === "state.end"
                ? frame.data
                : { ...frame.data, seq, head: undefined, base: frame.event === "state.update" ? 0 : undefined },
          };
        };
      }),
    ),
    caughtBy: ["snapshot-position", "update-removed"],
  },
  {
    name: "sends every event twice",
    mount: onFrames((frame) => (frame.event === "state.update" ? [frame, frame] : frame)),
    caughtBy: ["update-everybody", "update-order"],
  },
  {
    name: "loses every seventh event",
    mount: onFrames((frame) =>
      frame.event === "state.update" && Number(frame.data["seq"]) % 7 === 0 ? undefined : frame,
    ),
    caughtBy: ["update-order", "connect-while-changing", "stalled-alone"],
  },
  {
    name: "gives updates the base of the event before, of whatever slice",
    mount: onData("state.update", (data) => ({ ...data, base: Number(data["seq"]) - 1 })),
    caughtBy: ["update-everybody", "commit-more"],
  },
  {
    name: "gives every update base 0",
    mount: onData("state.update", (data) => ({ ...data, base: 0 })),
    caughtBy: ["update-removed", "update-in-place"],
  },
  {
    name: "leaves out base",
    mount: onData("state.update", (data) => without(data, "base")),
    caughtBy: ["update-patch"],
  },
  {
    name: "adds members of its own",
    mount: onData("state.update", (data) => ({ ...data, version: 1 })),
    caughtBy: ["update-patch"],
  },
  {
    name: "always sends the value",
    mount: mountOver((stream) =>
      framing(stream, () => ({ ...frame }) => {
        if (frame.data["patches"] === undefined) return frame;
        const { patches: _, ...data } = frame.data;
        const state = stream.state as Record<string, unknown>;
        return { ...frame, data: { ...data, value: state[String(data["slice"])] } };
      }),
    ),
    caughtBy: ["update-patch", "update-patch-lists"],
  },
  {
    name: "always sends patches",
    mount: onData("state.update", ({ value, ...data }) =>
      value === undefined ? data : { ...data, patches: [{ op: "replace", path: "", value }] },
    ),
    caughtBy: [
      "update-value-new",
      "update-value-costly",
      "update-primitive",
      "update-null",
      "update-kind",
      "hostile-operations",
    ],
  },
  {
    name: "gives paths from the root of the state",
    mount: onData("state.update", ({ patches, ...data }) =>
      patches === undefined
        ? data
        : {
            ...data,
            patches: (patches as { path: string }[]).map((operation) => ({
              ...operation,
              path: `/${String(data["slice"])}${operation.path}`,
            })),
          },
    ),
    caughtBy: ["update-patch", "update-patch-lists", "update-operations"],
  },
  {
    name: "takes null for absent",
    mount: onData("state.update", ({ value, ...data }) =>
      value === null ? { ...data, removed: true } : value === undefined ? data : { ...data, value },
    ),
    caughtBy: ["update-null", "update-removed"],
  },
  {
    name: "does not send removed slices",
    mount: onFrames((frame) => (frame.data["removed"] === true ? undefined : frame)),
    caughtBy: ["update-removed", "slices-function"],
  },
  {
    name: "drops more",
    mount: onData("state.update", (data) => without(data, "more")),
    caughtBy: ["commit-more", "commit-more-narrowed"],
  },
  {
    name: "says more on every event",
    mount: onData("state.update", (data) => ({ ...data, more: true })),
    caughtBy: ["commit-more", "update-patch"],
  },
  {
    name: "drops causes",
    mount: onData("state.update", (data) => without(data, "cause")),
    caughtBy: ["cause-told", "cause-payload-asked"],
  },
  {
    name: "says connect, whatever the reason",
    mount: onData("state.initial", (data) => ({ ...data, reason: "connect" })),
    caughtBy: [
      "reason-trimmed",
      "reason-costly",
      "reason-epoch",
      "reason-ahead",
      "reason-selection",
      "reason-invalid-id",
      "reason-oversized",
      "reason-non-latin",
      "stalled-not-read-ahead",
    ],
  },
  {
    name: "says trimmed, whatever the reason",
    mount: onData("state.initial", (data) => ({ ...data, reason: "trimmed" })),
    caughtBy: ["snapshot-first", "reason-epoch", "reason-order", "resume-empty-id", "change-during-snapshot"],
  },
  {
    name: "gives reasons of its own",
    mount: onData("state.initial", (data) => ({ ...data, reason: "welcome" })),
    caughtBy: ["snapshot-first"],
  },
  {
    name: "says seq 0 in every snapshot",
    mount: onFrames((frame) =>
      frame.event === "state.initial" ? { ...frame, data: { ...frame.data, seq: 0 }, id: at(frame.id, 0) } : frame,
    ),
    caughtBy: ["snapshot-position"],
  },
  {
    name: "leaves the state out of an empty snapshot",
    mount: onFrames((frame) =>
      Object.keys((frame.data["slices"] as object | undefined) ?? { a: 0 }).length === 0 ? undefined : frame,
    ),
    caughtBy: ["snapshot-empty", "narrow-empty-query"],
  },
  {
    name: "sends no heartbeats",
    mount: onFrames((frame) => (frame.event === "heartbeat" ? undefined : frame)),
    caughtBy: ["heartbeat-event", "whole-events", "resume-at-head"],
  },
  {
    name: "sends heartbeats as comments",
    mount: onText((text) => text.replaceAll(/^event: heartbeat\n.*\n.*\n\n/gm, ": heartbeat\n\n")),
    caughtBy: ["heartbeat-event"],
  },
  {
    name: "gives heartbeats a seq of their own",
    mount: mountOver((stream) =>
      framing(stream, () => {
        let beats = 0;
        return (frame) => {
          if (frame.event === "heartbeat") beats++;
          const seq = Number(frame.data["seq"] ?? 0) + beats;
          if (frame.event === "state.end") return frame;
          return { ...frame, data: { ...frame.data, seq }, id: at(frame.id, seq) };
        };
      }),
    ),
    caughtBy: ["heartbeat-event", "heartbeat-no-seq", "heartbeat-bookmark"],
  },
  {
    name: "says in heartbeats that the head is the position",
    mount: onData("heartbeat", (data) => ({ ...data, head: data["seq"] })),
    caughtBy: ["heartbeat-narrowed"],
  },
  {
    name: "says the last event of the client in heartbeats, not the position",
    mount: onFrames((frame) =>
      frame.event === "heartbeat"
        ? { ...frame, data: { ...frame.data, seq: frame.data["head"] }, id: at(frame.id, Number(frame.data["head"])) }
        : frame,
    ),
    caughtBy: ["heartbeat-narrowed"],
  },
  {
    name: "does not say why it ends",
    mount: onFrames((frame) => (frame.event === "state.end" ? undefined : frame)),
    caughtBy: ["end-closed", "end-max-age", "end-expired", "end-overloaded", "end-closed-connect"],
  },
  {
    name: "says closed, whatever the end",
    mount: onData("state.end", (data) => ({ ...data, reason: "closed" })),
    caughtBy: ["end-reason", "end-expired", "end-max-age", "end-overloaded"],
  },
  {
    name: "says retry, whatever the end",
    mount: onData("state.end", (data) => ({ ...data, retry: true })),
    caughtBy: ["end-no-retry"],
  },
  {
    name: "gives a position with every end",
    mount: onFrames((frame) => (frame.id === "" ? { ...frame, id: "AAAAAAAAAAA.0" } : frame)),
    caughtBy: ["end-closed-connect"],
  },
  {
    name: "gives an end no position",
    mount: onFrames((frame) => (frame.event === "state.end" ? { ...frame, id: "" } : frame)),
    caughtBy: ["end-pending", "end-closed"],
  },
];
