import { expect, test, vi } from "vitest";
import type { CloseReason, Connection } from "../../src/index.ts";
import { filler, followed, setup } from "../support/streams.ts";
import { errorOf } from "../support/values.ts";

/** Everything there is to read. */
function textOf(connection: Connection): string {
  let text = "";
  for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read())
    text += new TextDecoder().decode(bytes);
  return text;
}

const END = /^event: state\.end\ndata: \{"type":"state\.end","reason":"revoked","retry":false,.*\n(id: .*\n)?\n$/;

test("a client that is revoked before its connection opens gets the end alone, and does not count as connected", () => {
  const { stream } = setup({ a: "secret" });
  const onClose = vi.fn<(reason: CloseReason) => void>();
  const connection = stream.connect({ revoked: AbortSignal.abort(), onClose });
  expect(stream.stats().connections).toBe(0);
  const [retry, ...end] = textOf(connection).split(/(?<=^retry: \d+\n)/);
  expect(retry).toMatch(/^retry: /);
  expect(end.join("")).toMatch(END);
  expect(onClose).toHaveBeenCalledExactlyOnceWith("revoked");
});

test("a client that is revoked between connecting and the first read is sent no snapshot", () => {
  const { stream } = setup({ a: "secret" });
  const access = new AbortController();
  const connection = stream.connect({ revoked: access.signal });
  access.abort();
  const text = textOf(connection);
  expect(text).toContain('"reason":"revoked"');
  expect(text).not.toContain("secret");
  expect(connection.closeReason).toBe("revoked");
});

test("a client that is revoked with a change pending is not sent the change", () => {
  const { stream } = setup({ a: 0 });
  const access = new AbortController();
  const connection = stream.connect({ revoked: access.signal });
  textOf(connection);
  stream.set("a", "secret");
  access.abort();
  stream.set("a", "secret again");
  expect(textOf(connection)).toMatch(END);
  expect(stream.stats()).toMatchObject({ connections: 0, closed: { revoked: 1 } });
});

test("a connection that is revoked in the middle of a snapshot is closed at once", () => {
  const { stream } = setup({ a: "x".repeat(200_000) });
  const access = new AbortController();
  const connection = stream.connect({ revoked: access.signal });
  connection.read();
  expect(connection.read()).toHaveLength(64 * 1024);
  access.abort();
  expect(connection.closeReason).toBe("revoked");
  expect(connection.read()).toBeUndefined();
});

test("one signal revokes all that were given it, and no other connection", () => {
  const { stream } = setup({ a: 0 });
  const access = new AbortController();
  const mine = [stream.connect({ revoked: access.signal }), stream.connect({ revoked: access.signal })];
  const other = stream.connect();
  access.abort();
  for (const connection of [...mine, other]) textOf(connection);
  expect(mine.map(({ closeReason }) => closeReason)).toEqual(["revoked", "revoked"]);
  expect(other.closed).toBe(false);
});

test("a connection that is closed leaves no listener on the signal", () => {
  const { stream } = setup({ a: 0 });
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, "addEventListener");
  const removed = vi.spyOn(signal, "removeEventListener");
  stream.connect({ revoked: signal }).close();
  expect(added).toHaveBeenCalledTimes(1);
  expect(removed).toHaveBeenCalledWith(...(added.mock.calls[0] as [string, never]));
});

test.each([true, {}, new AbortController()])("revoked: %o is refused, since it would never revoke", (revoked) => {
  const { stream } = setup({ a: 0 });
  expect(errorOf(() => stream.connect({ revoked: revoked as AbortSignal })).code).toBe("invalid-option");
});

test("a client whose slices change is ended with expired, and comes back for one snapshot of what it may select now", () => {
  const { stream } = setup({ small: 1, added: 2, large: filler(1_000_000) });
  const before = followed(stream, { slices: ["small"], context: "ann" });
  for (const connection of stream.connections) if (connection.context === "ann") connection.end("expired");
  expect(before.pull()).toMatchObject([{ type: "state.end", reason: "expired", retry: true }]);
  const after = followed(stream, { slices: ["small", "added"] }, before.client.bookmark);
  expect(after.client.events.map(({ data }) => data)).toMatchObject([{ type: "state.initial", reason: "selection" }]);
  expect(after.client.state).toEqual({ small: 1, added: 2 });
  expect(stream.stats().bytesWritten).toBeLessThan(2000);
});
