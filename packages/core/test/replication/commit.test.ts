import { describe, expect, test } from "vitest";
import { type Commit, readCommit } from "../../src/replication/commit.ts";
import { copyOf, epoch, originOf } from "../support/copies.ts";
import { framesOf } from "../support/read.ts";
import { followed, thrownBy } from "../support/streams.ts";

const event = { type: "state.update", slice: "a", seq: 3, base: 2, value: 1 };
const commit: Commit = {
  epoch: epoch("b"),
  previous: epoch("a"),
  first: 3,
  last: 3,
  body: `1 7\n${JSON.stringify(event)}`,
};
const saying = (changes: object): Commit => ({ ...commit, body: `1 7\n${JSON.stringify({ ...event, ...changes })}` });

test("a commit has its time, and what each of its events sends to clients", () => {
  const { stream, commits, clock } = originOf({ a: { n: 1 }, b: 1, c: 1 });
  clock.advance(5);
  stream.batch(() => {
    stream.patch("a", [{ op: "replace", path: "/n", value: "\r\n\u2028\ud800" }]);
    stream.set("b", null, { type: "why", id: "1" });
    stream.remove("c");
    stream.set("__proto__", { x: 1 });
  });
  const read = readCommit(commits[0] as Commit);
  expect(read.timestamp).toBe(5);
  expect(read.events).toMatchObject([
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

test("a commit states the lowest format that its reader must know", () => {
  const { stream, commits } = originOf({ a: { text: "Hel" }, b: 0 });
  const formats = () => commits.splice(0).map(({ body }) => body.split(" ")[0]);
  stream.set("a", { text: "Jello" });
  stream.patch("a", [{ op: "add", path: "/n", value: { op: "append" } }]);
  stream.set("b", '"op":"append"');
  expect(formats()).toStrictEqual(["1", "1", "1"]);
  stream.append("a", "/text", "!");
  stream.set("a", { text: "Jello!!" });
  stream.batch(() => {
    stream.set("b", 1);
    stream.append("a", "/text", "!");
  });
  expect(formats()).toStrictEqual(["2", "2", "2"]);
});

test("a text that grows costs a backplane and a copy's log its pieces, and a client that resumes gets what it missed", () => {
  const origin = originOf({ answer: { text: "" } }, { maxLogEvents: 3000 });
  const { copy } = copyOf(origin, { maxLogEvents: 3000 });
  const client = followed(copy, { append: true });
  for (let piece = 0; piece < 2000; piece++) {
    origin.stream.append("answer", "/text", "word");
    copy.follow(origin.commits.at(-1) as Commit);
    if (piece === 1799) client.pull();
  }
  const bytes = origin.commits.reduce((sum, { body }) => sum + body.length, 0);
  expect(bytes).toBeLessThanOrEqual(2000 * (4 + 235));
  expect(copy.stats().logBytes).toBeLessThanOrEqual(2000 * (4 + 235));
  const resumed = followed(copy, { append: true }, client.client.bookmark);
  expect(resumed.connection.resumed).toBe(true);
  expect(resumed.client.events.filter(({ data }) => data.type === "state.update")).toHaveLength(200);
  expect(resumed.client.state).toStrictEqual({ answer: { text: "word".repeat(2000) } });
});

test("a strict client of a copy gets one net event for the appends that it has not read, and other slices frame by frame", () => {
  const origin = originOf({ answer: { text: "a" }, n: 0 });
  const { copy } = copyOf(origin);
  const [strict, appends] = [followed(copy), followed(copy, { append: true })];
  origin.stream.append("answer", "/text", "b");
  origin.stream.set("n", 1, { type: "counted" });
  origin.stream.append("answer", "/text", "c");
  for (const commit of origin.commits) copy.follow(commit);
  expect(strict.pull()).toMatchObject([
    { slice: "n", seq: 2, cause: { type: "counted" }, more: true },
    { slice: "answer", seq: 3, base: 0, patches: [{ op: "replace", path: "/text", value: "abc" }] },
  ]);
  // The first event lies inside the span of the net event, so its ID names no state.
  expect(strict.client.events.slice(-2).map(({ id }) => id?.endsWith(".-"))).toStrictEqual([true, false]);
  expect(appends.pull()).toMatchObject([
    { seq: 1, patches: [{ op: "append", path: "/text", value: "b" }] },
    { seq: 2 },
    { seq: 3, base: 1, patches: [{ op: "append", path: "/text", value: "c" }] },
  ]);
  expect([strict.client.state, appends.client.state]).toStrictEqual([copy.state, copy.state]);
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

test("hidden slices are distinguished from removed ones", () => {
  const { stream, commits } = originOf(
    { a: 1, b: 1, show: true },
    { slices: (state) => (state["show"] ? ["a", "b", "show"] : []) },
  );
  stream.remove("b");
  stream.set("show", false);
  const hidden = commits.map((one) => readCommit(one).events.map((read) => [read.slice, read.kind, read.hidden]));
  expect(hidden[0]).toStrictEqual([["b", "removed", false]]);
  expect(hidden[1]).toContainEqual(["a", "removed", true]);
});

test("unknown members are passed on", () => {
  const [read] = readCommit(saying({ since: "another version" })).events;
  expect(Buffer.from(read?.body as Uint8Array).toString()).toContain(`"since":"another version"`);
});

describe("an invalid commit is refused", () => {
  const line = JSON.stringify(event);
  const bodies: Record<string, string> = {
    nothing: "",
    "no events": "1 7",
    "no format and no time": `\n${line}`,
    "no format": `7\n${line}`,
    "the format 0": `0 7\n${line}`,
    "a format that is none": `one 7\n${line}`,
    "a format of a later version": `3 7\n${line}`,
    "a format beyond all numbers": `${"9".repeat(400)} 7\n${line}`,
    "a time that is none": `1 soon\n${line}`,
    "a time with a fraction": `1 7.5\n${line}`,
    "more events than it says": `1 7\n${line}\n${line}`,
    "an empty line": `1 7\n${line}\n`,
    "an event that is no JSON": "1 7\n{",
    "an event that is cut short": `1 7\n${line.slice(0, -1)}`,
    "an event that is a list": "1 7\n[]",
    "an event that is null": "1 7\nnull",
    "a space after an event, which its frame would go on behind": `1 7\n${line} `,
    "a line break that only readers of event streams know": `1 7\n${line.replace(",", ",\r")}`,
    "a carriage return at the end": `1 7\n${line}\r`,
    "two marks of hiding": `1 7\n!!${line}`,
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
    "no first event": { first: 0, last: 0, body: `1 7\n${JSON.stringify({ ...event, seq: 0, base: 0 })}` },
    "a first event after its last": { last: 2, body: "1 7" },
    "a position that is no number": { first: Number.NaN },
    "a position between two": { first: 2.5, last: 2.5 },
  };
  test.each(Object.entries(positions))("%s", (_what, position) => {
    expect(thrownBy(() => readCommit({ ...commit, ...position }))).toBeInstanceOf(Error);
  });
});
