import { expect, test } from "vitest";
import type { ConnectOptions } from "../../src/index.ts";
import { ReferenceClient } from "../support/reference-client.ts";
import { filler, follow, followed, setup, type Setup } from "../support/streams.ts";

/** A stream at seq 3 whose log holds the last two events; ids of it, and one of the slice "a". */
function busy(): Setup & { readonly narrow: string } {
  const given = setup({ a: 0, b: 0 }, { maxLogEvents: 2 });
  const { id } = followed(given.stream, { slices: ["a"] }).client;
  for (let n = 1; n <= 3; n++) given.stream.set("a", n);
  return { ...given, narrow: (id as string).split(".")[2] as string };
}

function reasonOf({ stream }: Setup, options: ConnectOptions): string {
  const connection = stream.connect(options);
  const client = new ReferenceClient({ id: options.lastEventId, slices: new Map() });
  const [event] = client.pull(connection);
  connection.close();
  return event?.type === "state.initial" ? event.reason : connection.resumed ? "resumed" : "?";
}

test.each([
  ["no id", undefined, "connect"],
  ["an empty id", "", "connect"],
  ["at the head", "testepoch00.3", "resumed"],
  ["what the log just holds", "testepoch00.1", "resumed"],
  ["what it does not hold any more", "testepoch00.0", "trimmed"],
  ["ahead of the head", "testepoch00.4", "epoch"],
  ["another epoch", "otherepoch0.1", "epoch"],
  ["a selection, nothing selected", "testepoch00.1.AAAAAAAA", "selection"],
  ["no dots", "1", "invalid-id"],
  ["a short epoch", "testepoch0.1", "invalid-id"],
  ["a leading zero", "testepoch00.01", "invalid-id"],
  ["upper case", "testepoch00.A", "invalid-id"],
  ["beyond 2^53-1", "testepoch00.2gosa7pa2gw", "invalid-id"],
  ["a short selection", "testepoch00.1.AAAA", "invalid-id"],
  ["something after it", "testepoch00.1 ", "invalid-id"],
  ["megabytes", "x".repeat(1_000_000), "invalid-id"],
  ["not latin", "\u{1f600}", "invalid-id"],
  ["a line break", "testepoch00.1\n", "invalid-id"],
])("%s", (_, lastEventId, reason) => {
  expect(reasonOf(busy(), { lastEventId })).toBe(reason);
});

test("a snapshot's reason is the first that holds of invalid-id, epoch, selection and trimmed", () => {
  const given = busy();
  const asked = (lastEventId: string): string => reasonOf(given, { lastEventId, slices: ["b"] });
  expect(asked(`otherepoch0.0.${given.narrow}!`)).toBe("invalid-id");
  expect(asked(`otherepoch0.0.${given.narrow}`)).toBe("epoch");
  expect(asked(`testepoch00.zz.${given.narrow}`)).toBe("epoch");
  expect(asked(`testepoch00.0.${given.narrow}`)).toBe("selection");
  expect(reasonOf(given, { lastEventId: `testepoch00.0.${given.narrow}`, slices: ["a"] })).toBe("trimmed");
});

test("what clients send never throws, and each snapshot is counted by its reason", () => {
  const given = busy();
  for (const lastEventId of ["", "x", "otherepoch0.1", "testepoch00.1.AAAAAAAA", "testepoch00.0"]) {
    reasonOf(given, { lastEventId });
  }
  expect(given.stream.stats().snapshots).toEqual({
    connect: 2,
    "invalid-id": 1,
    epoch: 1,
    selection: 1,
    trimmed: 1,
  });
});

test("a client that lags behind what the log holds, but was not waited for, gets a snapshot with the reason trimmed", () => {
  const { stream, clock } = setup({ a: 0 }, { maxLogEvents: 2 });
  const { client, pull } = followed(stream);
  for (let n = 1; n <= 3; n++) stream.set("a", n);
  clock.flush();
  expect(pull()).toMatchObject([{ type: "state.initial", reason: "trimmed", seq: 3 }]);
  expect(client.state).toEqual({ a: 3 });
});

test("a client whose writer waited gets one snapshot with the reason slow", () => {
  const { stream, clock } = setup({ a: filler(70_000), n: 0 });
  const { client, pull } = follow(stream);
  pull(2);
  for (let n = 1; n <= 5000; n++) {
    stream.set("n", n);
    clock.flush();
  }
  expect(pull().map((event) => ("reason" in event ? event.reason : event.type))).toEqual(["connect", "slow"]);
  expect(client.state["n"]).toBe(5000);
});
