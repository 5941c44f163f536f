import { describe, expect, test } from "vitest";
import { type Commit, readCommit } from "../../src/replication/commit.ts";
import { copyOf, epoch, originOf } from "../support/copies.ts";
import { framesOf } from "../support/read.ts";
import { thrownBy } from "../support/streams.ts";

const event = { type: "state.update", slice: "a", seq: 3, base: 2, value: 1 };
const commit: Commit = {
  epoch: epoch("b"),
  previous: epoch("a"),
  first: 3,
  last: 3,
  body: `7\n${JSON.stringify(event)}`,
};
const saying = (changes: object): Commit => ({ ...commit, body: `7\n${JSON.stringify({ ...event, ...changes })}` });

test("a commit says when it was, and what each of its events says to clients", () => {
  const { stream, commits, clock } = originOf({ a: { n: 1 }, b: 1, c: 1 });
  clock.advance(5);
  stream.batch(() => {
    stream.patch("a", [{ op: "replace", path: "/n", value: "\r\n\u2028\ud800" }]);
    stream.set("b", null, { type: "why", id: "1" });
    stream.remove("c");
    stream.set("__proto__", { x: 1 });
  });
  const told = readCommit(commits[0] as Commit);
  expect(told.timestamp).toBe(5);
  expect(told.events).toMatchObject([
    {
      slice: "a",
      kind: "patches",
      base: 0,
      hidden: false,
      patches: [{ op: "replace", path: "/n", value: "\r\n\u2028\ud800" }],
    },
    { slice: "b", kind: "value", value: null },
    { slice: "c", kind: "removed", value: undefined },
    { slice: "__proto__", kind: "value", value: { x: 1 } },
  ]);
  expect(commits[0]).toMatchObject({ epoch: epoch("a"), previous: epoch("a"), first: 1, last: 4 });
});

test("clients of a copy get the bytes that those of the origin get", () => {
  const origin = originOf({ a: { n: 1 }, b: 1 });
  const { copy } = copyOf(origin);
  const connections = [origin.stream.connect(), copy.connect()];
  for (const connection of connections) framesOf(connection);
  origin.stream.batch(() => {
    origin.stream.set("a", { n: "caf\u00e9\n" }, { type: "why" });
    origin.stream.remove("b");
  });
  for (const one of origin.commits) copy.follow(one);
  const [ours, theirs] = connections.map((connection) => connection.read());
  expect(Buffer.from(theirs as Uint8Array).toString()).toBe(Buffer.from(ours as Uint8Array).toString());
});

test("what was hidden is told from what was removed", () => {
  const { stream, commits } = originOf(
    { a: 1, b: 1, show: true },
    { slices: (state) => (state["show"] ? ["a", "b", "show"] : []) },
  );
  stream.remove("b");
  stream.set("show", false);
  const hidden = commits.map((one) => readCommit(one).events.map((told) => [told.slice, told.kind, told.hidden]));
  expect(hidden[0]).toStrictEqual([["b", "removed", false]]);
  expect(hidden[1]).toContainEqual(["a", "removed", true]);
});

test("members that are not known are passed on", () => {
  const [told] = readCommit(saying({ since: "another version" })).events;
  expect(Buffer.from(told?.body as Uint8Array).toString()).toContain(`"since":"another version"`);
});

describe("what is no commit is refused", () => {
  const line = JSON.stringify(event);
  const bodies: Record<string, string> = {
    nothing: "",
    "no events": "7",
    "no time": `\n${line}`,
    "a time that is none": `soon\n${line}`,
    "a time with a fraction": `7.5\n${line}`,
    "more events than it says": `7\n${line}\n${line}`,
    "an empty line": `7\n${line}\n`,
    "an event that is no JSON": "7\n{",
    "an event that is cut short": `7\n${line.slice(0, -1)}`,
    "an event that is a list": "7\n[]",
    "an event that is null": "7\nnull",
    "a space after an event, which its frame would go on behind": `7\n${line} `,
    "a line break that only readers of event streams know": `7\n${line.replace(",", ",\r")}`,
    "a carriage return at the end": `7\n${line}\r`,
    "two marks of hiding": `7\n!!${line}`,
  };
  test.each(Object.entries(bodies))("%s", (_what, body) => {
    expect(thrownBy(() => readCommit({ ...commit, body }))).toBeInstanceOf(Error);
  });

  const changes: Record<string, object> = {
    "another type": { type: "state.initial" },
    "a slice that is no name": { slice: 1 },
    "another seq": { seq: 4 },
    "a seq that is a text": { seq: "3" },
    "no base": { base: undefined },
    "a base below 0": { base: -1 },
    "a base between two": { base: 1.5 },
    "a base that is not before it": { base: 3 },
    "nothing to say": { value: undefined },
    "two things to say": { patches: [] },
    "patches that are no list": { value: undefined, patches: {} },
    "a removal that is none": { value: undefined, removed: false },
    "where its commit ends": { more: true },
    "when it was": { timestamp: 1 },
  };
  test.each(Object.entries(changes))("an event with %s", (_what, change) => {
    expect(readCommit(saying({})).events).toHaveLength(1);
    expect(thrownBy(() => readCommit(saying(change)))).toBeInstanceOf(Error);
  });

  const positions: Record<string, Partial<Commit>> = {
    "an epoch that is none": { epoch: "b\n" },
    "a previous epoch that is none": { previous: "" },
    "no first event": { first: 0, last: 0, body: `7\n${JSON.stringify({ ...event, seq: 0, base: 0 })}` },
    "a first event after its last": { last: 2, body: "7" },
    "a position that is no number": { first: Number.NaN },
    "a position between two": { first: 2.5, last: 2.5 },
  };
  test.each(Object.entries(positions))("%s", (_what, position) => {
    expect(thrownBy(() => readCommit({ ...commit, ...position }))).toBeInstanceOf(Error);
  });
});
