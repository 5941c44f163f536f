import { expect, test } from "vitest";
import { filler, follow, followed, setup, type Slices } from "../support/streams.ts";

/** Whether a client that came before these changes resumes after them, and what they cost in the log. */
function comesBack(initialState: Slices, changes: readonly Slices[]) {
  const { stream } = setup(initialState);
  const { client } = followed(stream);
  for (const change of changes) for (const [slice, value] of Object.entries(change)) stream.set(slice, value);
  const { connection, pull } = follow(stream, {}, client.bookmark);
  const [first] = pull();
  expect(first?.type).toBe(connection.resumed ? "heartbeat" : "state.initial");
  return { resumed: connection.resumed, cost: stream.stats().logBytes };
}

test("a range of 64 KiB is sent whatever a snapshot would cost; one byte more is not", () => {
  const withText = (length: number) => comesBack({ a: 1 }, [{ a: filler(length) }, { a: 0 }]);
  const length = 64 * 1024 - withText(0).cost;
  expect(withText(length)).toEqual({ resumed: true, cost: 64 * 1024 });
  expect(withText(length + 1)).toEqual({ resumed: false, cost: 64 * 1024 + 1 });
});

test("a larger range is sent up to what a snapshot costs; one byte more is not", () => {
  const a = filler(70_000);
  const padded = (length: number) => comesBack({ a: 1, pad: filler(length) }, [{ a }]);
  const snapshot = `event: state.initial\ndata: {"type":"state.initial","slices":${JSON.stringify({ a, pad: "" })}`;
  const length = padded(0).cost - snapshot.length;
  expect(length).toBeGreaterThan(0);
  expect(padded(length).resumed).toBe(true);
  expect(padded(length - 1).resumed).toBe(false);
});

test("a connection that keeps up gets the frames, however many bytes they have", () => {
  const { stream, clock } = setup({ a: 1 });
  const { client, pull } = followed(stream);
  for (const letter of ["x", "y", "z"]) stream.set("a", letter.repeat(100_000));
  stream.set("a", 2);
  clock.flush();
  expect(pull().map(({ type }) => type)).toEqual(["state.update", "state.update", "state.update", "state.update"]);
  expect(client.state).toEqual({ a: 2 });
});

test("a connection whose writer waited gets frames where they are cheap", () => {
  const { stream, clock } = setup({ a: filler(70_000), n: 0 });
  const { client, pull } = follow(stream);
  pull(2);
  for (let n = 1; n <= 3; n++) {
    stream.set("n", n);
    clock.flush();
  }
  expect(pull().map(({ type }) => type)).toEqual(["state.initial", "state.update", "state.update", "state.update"]);
  expect(client.state["n"]).toBe(3);
});

test("a connection whose writer waited gets a snapshot where frames would be expensive, though other connections had that range", () => {
  const { stream, clock } = setup({ a: "", n: filler(70_000) });
  const herd = followed(stream);
  const slow = follow(stream);
  slow.pull(2);
  slow.client.feed(slow.connection.read() as Uint8Array);
  stream.set("n", 0);
  for (let n = 0; n < 10; n++) stream.set("a", String(n).repeat(20_000));
  clock.flush();
  expect(herd.pull()).toHaveLength(11);
  expect(slow.pull()).toMatchObject([{ type: "state.initial", reason: "slow" }]);
  expect(slow.client.state).toEqual(herd.client.state);
  // It has caught up: from here on it gets frames at any price again.
  stream.set("a", filler(200_000));
  clock.flush();
  expect(slow.pull()).toMatchObject([{ type: "state.update" }]);
});

test("a client that stops reading converges with one snapshot and few frames, whatever happened meanwhile", () => {
  const { stream, clock } = setup({ list: [] as unknown[], text: filler(80_000) });
  const { client, pull } = follow(stream);
  pull(2);
  for (let n = 0; n < 3000; n++) {
    stream.patch("list", [{ op: "add", path: "/-", value: { n, text: filler(50) } }]);
    if (n % 10 === 0) clock.flush();
  }
  const { bytesWritten } = stream.stats();
  const events = pull();
  expect(events.map((event) => ("reason" in event ? event.reason : event.type))).toEqual(["connect", "slow"]);
  expect(stream.stats().bytesWritten - bytesWritten).toBeLessThan(500_000);
  expect(client.state).toEqual(stream.state);
});

test("a resume that was allowed is not revoked by what changes before it is read", () => {
  const { stream } = setup({ a: 1 });
  const { client } = followed(stream);
  stream.set("a", 2);
  const back = follow(stream, {}, client.bookmark);
  stream.set("a", filler(200_000));
  expect(back.pull().map(({ type }) => type)).toEqual(["heartbeat", "state.update", "state.update"]);
});
