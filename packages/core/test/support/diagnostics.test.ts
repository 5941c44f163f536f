import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, expect, test } from "vitest";
import { followed, setup } from "./streams.ts";

const NAMES = ["connect", "end", "resync", "flush"] as const;
const subscriptions: [string, (message: unknown) => void][] = [];

/** Every message of every channel from here on, oldest first. */
function recorded(): { channel: string; message: Record<string, unknown> }[] {
  const messages: { channel: string; message: Record<string, unknown> }[] = [];
  for (const channel of NAMES) {
    const onMessage = (message: unknown): void => {
      messages.push({ channel, message: message as Record<string, unknown> });
    };
    subscribe(`statestream:${channel}`, onMessage);
    subscriptions.push([`statestream:${channel}`, onMessage]);
  }
  return messages;
}

afterEach(() => {
  for (const [name, onMessage] of subscriptions.splice(0)) unsubscribe(name, onMessage);
});

test("a connection is published when it opens and once more, with its reason, when it is closed", () => {
  const messages = recorded();
  const { stream } = setup({ a: 1 });
  const { connection } = followed(stream);
  connection.close();
  connection.close();
  expect(messages.filter(({ channel }) => channel !== "flush")).toEqual([
    { channel: "connect", message: { connection, refused: undefined } },
    { channel: "end", message: { connection, reason: "disconnected" } },
  ]);
});

test("a connection that is refused says so, and ends too", () => {
  const messages = recorded();
  const { stream } = setup({ a: 1 }, { maxConnections: 0 });
  const { connection } = followed(stream);
  expect(messages.filter(({ channel }) => channel !== "flush")).toEqual([
    { channel: "connect", message: { connection, refused: "overloaded" } },
    { channel: "end", message: { connection, reason: "overloaded" } },
  ]);
});

test("a snapshot is a resync unless the client is new", () => {
  const messages = recorded();
  const { stream } = setup({ a: 1 });
  followed(stream);
  const { connection } = followed(stream, { lastEventId: "otherepoch0.7" });
  expect(messages.filter(({ channel }) => channel === "resync")).toEqual([
    { channel: "resync", message: { connection, reason: "epoch" } },
  ]);
});

test("each flush is published with how long it took", () => {
  const messages = recorded();
  const { stream, clock } = setup({ a: 1 });
  const { connection } = followed(stream);
  connection.onReadable(() => clock.advance(3));
  stream.set("a", 2);
  clock.flush();
  expect(messages.filter(({ channel }) => channel === "flush")).toEqual([
    { channel: "flush", message: { durationMs: 3 } },
  ]);
});
