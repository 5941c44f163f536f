import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Json, StateUpdateEvent } from "@statestream/core";
import { describe, expect, test } from "vitest";
import { Replica } from "../src/replica.ts";

type Slices = Record<string, Json>;
type Change = Partial<Pick<StateUpdateEvent, "patches" | "value" | "removed" | "more">>;

function snapshot(replica: Replica, seq: number, slices: Slices): boolean {
  const wire = JSON.parse(JSON.stringify(slices)) as Slices;
  const event = { type: "state.initial", slices: wire, reason: "connect", seq, heartbeatMs: 1, timestamp: 0 } as const;
  return replica.take(event, `e.${seq}`);
}

function update(replica: Replica, slice: string, seq: number, base: number, change: Change): boolean {
  return replica.take({ type: "state.update", slice, seq, base, timestamp: 0, ...change }, `e.${seq}`);
}

function heartbeat(replica: Replica, seq: number, head: number, more: { id?: string; stale?: true } = {}): boolean {
  const { id = `e.${seq}`, ...rest } = more;
  return replica.take({ type: "heartbeat", seq, head, heartbeatMs: 1, timestamp: 0, ...rest }, id);
}

function connected(seq: number, slices: Slices): Replica {
  const replica = new Replica(undefined);
  replica.begin();
  snapshot(replica, seq, slices);
  replica.changed = false;
  return replica;
}

/** What is refused leaves no trace. */
function refuses(replica: Replica, work: () => void): void {
  const figures = () => [replica.eventId, replica.changed, replica.upToDate, replica.resumed];
  const [state, before] = [replica.read(), figures()];
  expect(work).toThrow(expect.objectContaining({ code: "resync" }));
  expect(replica.read()).toBe(state);
  expect(figures()).toStrictEqual(before);
}

const replace = (path: string, value: Json) => ({ patches: [{ op: "replace", path, value }] }) as const;

describe("a snapshot", () => {
  test("replaces the whole state and gives its position", () => {
    const replica = connected(5, { a: 1, b: 2 });
    snapshot(replica, 9, { b: 3 });
    expect(replica.read()).toStrictEqual({ b: 3 });
    expect(replica).toMatchObject({ eventId: "e.9", upToDate: true, changed: true });
  });

  test("gives its seq to slices that it names and to those it does not", () => {
    const replica = connected(5, { a: 1 });
    update(replica, "a", 5, 5, { value: "old" });
    update(replica, "b", 4, 0, { value: "old" });
    expect(replica.read()).toStrictEqual({ a: 1 });
    update(replica, "a", 6, 5, { value: 2 });
    update(replica, "b", 7, 5, { value: 3 });
    expect(replica.read()).toStrictEqual({ a: 2, b: 3 });
  });

  test("forgets the versions before it", () => {
    const replica = connected(5, { a: 1 });
    update(replica, "a", 8, 5, { value: 2 });
    snapshot(replica, 6, { a: 1 });
    update(replica, "a", 7, 6, { value: "applied" });
    expect(replica.read()).toStrictEqual({ a: "applied" });
  });

  test("keeps the identity of what is equal", () => {
    const replica = connected(1, { a: { deep: { x: 1 }, side: [{}] }, b: [{ n: 1 }, { n: 2 }], c: {} });
    const before = replica.read() as { a: { deep: object; side: object }; b: object[]; c: object };
    snapshot(replica, 2, { a: { deep: { x: 2 }, side: [{}] }, b: [{ n: 1 }, { n: 3 }], c: {} });
    const after = replica.read() as typeof before;
    expect(after).toStrictEqual({ a: { deep: { x: 2 }, side: [{}] }, b: [{ n: 1 }, { n: 3 }], c: {} });
    expect(after.a.deep).not.toBe(before.a.deep);
    expect(after.a.side).toBe(before.a.side);
    expect(after.b).not.toBe(before.b);
    expect(after.b[0]).toBe(before.b[0]);
    expect(after.c).toBe(before.c);
    expect(before).toStrictEqual({ a: { deep: { x: 1 }, side: [{}] }, b: [{ n: 1 }, { n: 2 }], c: {} });
  });

  test("that is equal is no change: the very same state stays", () => {
    const replica = connected(1, { a: { x: [1] } });
    const before = replica.read();
    snapshot(replica, 9, { a: { x: [1] } });
    expect(replica.read()).toBe(before);
    expect(replica).toMatchObject({ changed: false, eventId: "e.9" });
  });

  test.each<[string, Json, Json]>([
    ["an array for an object", { 0: 1 }, [1]],
    ["an object for an array", [1], { 0: 1 }],
    ["a longer array", [1], [1, 2]],
    ["a shorter array", [1, 2], [1]],
    ["one member more", { a: 1 }, { a: 1, b: 1 }],
    ["one member fewer", { a: 1, b: 1 }, { a: 1 }],
    ["another member", { a: 1 }, { b: 1 }],
    ["null for an object", {}, null],
    ["an object for null", null, {}],
    ["an inherited name", {}, { toString: 1 }],
  ])("takes %s for a change", (_name, before, after) => {
    const replica = connected(1, { s: before });
    snapshot(replica, 2, { s: after });
    expect(replica.read()).toStrictEqual({ s: after });
  });

  test("ends a commit", () => {
    expect(snapshot(new Replica(undefined), 1, {})).toBe(true);
  });
});

describe("an update", () => {
  test("appends to a text, also after a resume, and what the path does not lead through keeps its identity", () => {
    const replica = connected(1, { chat: { messages: [{ text: "a" }, { text: "Hel" }], title: {} }, title: "An" });
    const before = replica.read() as { chat: { messages: object[]; title: object } };
    replica.begin();
    heartbeat(replica, 1, 1);
    expect(replica.resumed).toBe(true);
    update(replica, "chat", 2, 1, { patches: [{ op: "append", path: "/messages/1/text", value: "lo" }] });
    update(replica, "title", 3, 1, { patches: [{ op: "append", path: "", value: "swer" }] });
    const after = replica.read() as typeof before;
    expect(after).toStrictEqual({ chat: { messages: [{ text: "a" }, { text: "Hello" }], title: {} }, title: "Answer" });
    expect(before.chat.messages[1]).toStrictEqual({ text: "Hel" });
    expect(after.chat.messages[0]).toBe(before.chat.messages[0]);
    expect(after.chat.title).toBe(before.chat.title);
  });

  test("applies patches, and what they do not reach keeps its identity", () => {
    const replica = connected(1, { a: { x: { n: 1 }, y: {} }, b: {} });
    const before = replica.read() as { a: { y: object }; b: object };
    update(replica, "a", 2, 1, replace("/x/n", 2));
    const after = replica.read() as typeof before;
    expect(after).toStrictEqual({ a: { x: { n: 2 }, y: {} }, b: {} });
    expect(after.a.y).toBe(before.a.y);
    expect(after.b).toBe(before.b);
    expect(replica).toMatchObject({ eventId: "e.2", changed: true });
  });

  test("sets a value, keeping the identity of its equal parts", () => {
    const replica = connected(1, { a: { x: {}, n: 1 } });
    const before = replica.read() as { a: { x: object } };
    update(replica, "a", 2, 1, { value: { x: {}, n: 2 } });
    const after = replica.read() as typeof before;
    expect(after).toStrictEqual({ a: { x: {}, n: 2 } });
    expect(after.a.x).toBe(before.a.x);
  });

  test("sets null, which is a value", () => {
    const replica = connected(1, { a: 1 });
    update(replica, "a", 2, 1, { value: null });
    expect(replica.read()).toStrictEqual({ a: null });
  });

  test("removes a slice, whose version stays", () => {
    const replica = connected(1, { a: 1, b: 1 });
    update(replica, "a", 3, 1, { removed: true });
    expect(replica.read()).toStrictEqual({ b: 1 });
    update(replica, "a", 3, 1, { value: "again" });
    update(replica, "a", 2, 1, { value: "old" });
    expect(replica.read()).toStrictEqual({ b: 1 });
    update(replica, "a", 4, 3, { value: "back" });
    expect(replica.read()).toStrictEqual({ a: "back", b: 1 });
  });

  test.each([3, 2, 1])("of seq %i is dropped by a slice at 3, and its id with it", (seq) => {
    const replica = connected(1, { a: [0] });
    update(replica, "a", 3, 1, { patches: [{ op: "add", path: "/-", value: 1 }] });
    const before = replica.read();
    replica.changed = false;
    expect(update(replica, "a", seq, 0, { patches: [{ op: "add", path: "/-", value: 1 }] })).toBe(true);
    expect(replica.read()).toBe(before);
    expect(replica).toMatchObject({ eventId: "e.3", changed: false });
  });

  test("of another slice that comes late is applied, and does not move the position back", () => {
    const replica = connected(1, { a: 0, b: 0 });
    update(replica, "b", 3, 1, { value: 1 });
    update(replica, "a", 2, 1, { value: 1 });
    expect(replica.read()).toStrictEqual({ a: 1, b: 1 });
    expect(replica.eventId).toBe("e.3");
  });

  test("whose base is later than the slice's version was preceded by one that is missing", () => {
    const replica = connected(1, { a: 1 });
    refuses(replica, () => update(replica, "a", 4, 2, { value: 2 }));
  });

  test("whose base is earlier than the slice's version, but not its seq, is applied", () => {
    const replica = connected(5, { a: 1 });
    update(replica, "a", 6, 2, { value: 2 });
    expect(replica.read()).toStrictEqual({ a: 2 });
  });

  test("is refused before any state", () => {
    const replica = new Replica({ state: { a: 1 }, eventId: "e.1" });
    replica.begin();
    refuses(replica, () => update(replica, "a", 2, 1, { value: 2 }));
  });

  test("that does not fit is refused as a whole", () => {
    const replica = connected(1, { a: { n: 1 } });
    refuses(replica, () =>
      update(replica, "a", 2, 1, {
        patches: [
          { op: "replace", path: "/n", value: 2 },
          { op: "remove", path: "/gone" },
        ],
      }),
    );
  });

  test.each<[string, string, object]>([
    ["a patch of a slice that is not there", "never", replace("/n", 2)],
    ["a patch of an inherited name", "toString", replace("", 2)],
    ["neither patches, value nor removal", "a", {}],
    ["patches that are no list", "a", { patches: { op: "remove", path: "/n" } }],
    ["operations that are none", "a", { patches: [null] }],
    ["an append to what is no text", "a", { patches: [{ op: "append", path: "/n", value: "x" }] }],
    ["an append to what is not there", "a", { patches: [{ op: "append", path: "/new", value: "x" }] }],
    ["an append of no text", "a", { patches: [{ op: "append", path: "/n", value: 1 as never }] }],
  ])("with %s is refused", (_name, slice, change) => {
    const replica = connected(1, { a: { n: 1 } });
    refuses(replica, () => update(replica, slice, 2, 1, change));
  });

  test("that changes nothing keeps the very same state, and moves the position", () => {
    const replica = connected(1, { a: { n: 1 } });
    const before = replica.read();
    update(replica, "a", 2, 1, replace("/n", 1));
    update(replica, "b", 3, 1, { removed: true });
    expect(replica.read()).toBe(before);
    expect(replica).toMatchObject({ changed: false, eventId: "e.3" });
  });

  test("ends a commit unless there is more", () => {
    const replica = connected(1, { a: 1 });
    expect(update(replica, "a", 2, 1, { value: 2, more: true })).toBe(false);
    expect(update(replica, "a", 3, 2, { value: 3 })).toBe(true);
  });

  test("never changes a state that was read, also in the middle of a commit", () => {
    const replica = connected(1, { a: 1, b: 1 });
    update(replica, "a", 2, 1, { value: 2, more: true });
    const middle = replica.read();
    update(replica, "b", 3, 1, { value: 2 });
    expect(middle).toStrictEqual({ a: 2, b: 1 });
    expect(replica.read()).toStrictEqual({ a: 2, b: 2 });
    expect(replica.read()).not.toBe(middle);
  });

  test("never changes the initial state", () => {
    const initial = { a: { n: 1 } };
    const replica = new Replica({ state: initial, eventId: "e.1" });
    replica.begin();
    snapshot(replica, 2, { a: { n: 1 } });
    update(replica, "b", 3, 2, { value: 2 });
    update(replica, "a", 4, 2, replace("/n", 2));
    expect(initial).toStrictEqual({ a: { n: 1 } });
    expect(replica.read()).toStrictEqual({ a: { n: 2 }, b: 2 });
  });
});

describe("a heartbeat", () => {
  test("that comes first resumes, at the very position the copy is at", () => {
    const replica = new Replica({ state: { a: [0] }, eventId: "e.5" });
    replica.begin();
    expect(replica).toMatchObject({ upToDate: false, resumed: false });
    heartbeat(replica, 5, 7);
    expect(replica).toMatchObject({ upToDate: false, resumed: true, eventId: "e.5" });
    update(replica, "a", 7, 3, { patches: [{ op: "add", path: "/-", value: 1 }] });
    expect(replica).toMatchObject({ upToDate: true, eventId: "e.7" });
    expect(replica.read()).toStrictEqual({ a: [0, 1] });
  });

  test("that comes first is refused at another position: what should have come first is missing", () => {
    const replica = new Replica({ state: { a: 1 }, eventId: "e.5" });
    replica.begin();
    refuses(replica, () => heartbeat(replica, 7, 7));
    refuses(replica, () => heartbeat(replica, 5, 5, { id: "another.5" }));
  });

  test("that comes first is refused when the connection requested a snapshot", () => {
    const replica = connected(5, { a: 1 });
    replica.eventId = undefined;
    replica.begin();
    refuses(replica, () => heartbeat(replica, 5, 5));
  });

  test("that comes first is refused where there is no state", () => {
    const replica = new Replica(undefined);
    replica.begin();
    refuses(replica, () => heartbeat(replica, 5, 5));
  });

  test("moves the position of a copy that misses nothing", () => {
    const replica = connected(5, { a: 1 });
    heartbeat(replica, 9, 4);
    expect(replica).toMatchObject({ eventId: "e.9", upToDate: true, changed: false });
  });

  test("after which the rest follows does not move the position", () => {
    const replica = connected(5, { a: 1 });
    heartbeat(replica, 6, 7);
    expect(replica).toMatchObject({ eventId: "e.5", upToDate: false });
    update(replica, "a", 7, 5, { value: 2 });
    expect(replica).toMatchObject({ eventId: "e.7", upToDate: true });
  });

  test("whose head has not arrived by its seq shows that something is missing", () => {
    const replica = connected(5, { a: 1 });
    refuses(replica, () => heartbeat(replica, 6, 6));
    refuses(replica, () => heartbeat(replica, 9, 8));
  });

  test("that comes late does not move the position back", () => {
    const replica = connected(5, { a: 1 });
    update(replica, "a", 8, 5, { value: 2 });
    heartbeat(replica, 6, 5);
    expect(replica).toMatchObject({ eventId: "e.8", upToDate: true });
  });

  test("reports that the server's state is stale, until one does not or a snapshot comes", () => {
    const replica = connected(5, { a: 1 });
    heartbeat(replica, 5, 5, { stale: true });
    expect(replica.upToDate).toBe(false);
    update(replica, "a", 6, 5, { value: 2 });
    expect(replica.upToDate).toBe(false);
    heartbeat(replica, 6, 6);
    expect(replica.upToDate).toBe(true);
    heartbeat(replica, 6, 6, { stale: true });
    snapshot(replica, 7, { a: 1 });
    expect(replica.upToDate).toBe(true);
  });

  test("ends a commit", () => {
    expect(heartbeat(connected(5, {}), 5, 5)).toBe(true);
  });
});

test("an end changes nothing, moves nothing, and ends a commit", () => {
  const replica = connected(5, { a: 1 });
  const end = { type: "state.end", reason: "draining", retry: true, timestamp: 0 } as const;
  expect(replica.take(end, "e.9")).toBe(true);
  expect(replica).toMatchObject({ eventId: "e.5", upToDate: true, changed: false });
});

test("a new connection begins with no versions: those of the one before do not apply", () => {
  const replica = connected(5, { a: 1 });
  update(replica, "a", 9, 5, { value: 2 });
  replica.begin();
  expect(replica.upToDate).toBe(false);
  snapshot(replica, 1, { a: 1 });
  update(replica, "a", 2, 1, { value: 3 });
  expect(replica.read()).toStrictEqual({ a: 3 });
});

test("a connection that resumes begins with no versions either", () => {
  const replica = connected(5, { a: 1 });
  update(replica, "a", 9, 5, { value: 2 });
  replica.begin();
  heartbeat(replica, 3, 3, { id: "e.9" });
  update(replica, "a", 4, 3, { value: 3 });
  expect(replica.read()).toStrictEqual({ a: 3 });
});

test("what a snapshot or a value brings is never taken for a prototype that equals it", () => {
  const replica = connected(1, { a: {} });
  const a = JSON.parse('{"__proto__":{}}') as Json;
  update(replica, "a", 2, 1, { value: a });
  const slice = (replica.read() as { a: object }).a;
  expect(Object.getOwnPropertyDescriptor(slice, "__proto__")?.value).not.toBe(Object.prototype);
  expect(JSON.stringify(slice)).toBe('{"__proto__":{}}');
});

test.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"])("%s is a slice", (name) => {
  const own = (value: Json): Slices => Object.fromEntries([[name, value]]);
  const text = (replica: Replica): string => JSON.stringify(replica.read());
  const replica = connected(1, own({ polluted: 1 }));
  expect(text(replica)).toBe(`{"${name}":{"polluted":1}}`);
  update(replica, name, 2, 1, { patches: [{ op: "add", path: "/__proto__", value: { polluted: 2 } }] });
  expect(text(replica)).toBe(`{"${name}":{"polluted":1,"__proto__":{"polluted":2}}}`);
  update(replica, name, 3, 2, { removed: true });
  expect(text(replica)).toBe("{}");
  update(replica, name, 4, 3, { value: { polluted: 3 } });
  expect(text(replica)).toBe(`{"${name}":{"polluted":3}}`);
  snapshot(replica, 5, { ...own(4), other: 1 });
  expect(text(replica)).toBe(`{"${name}":4,"other":1}`);
  expect(Object.getPrototypeOf(replica.read())).toBe(Object.prototype);
  expect({}).not.toHaveProperty("polluted");
});

describe("slices that come and go", () => {
  test("are forgotten at the next heartbeat: memory does not grow with each name", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = (): number => (collect(), process.memoryUsage().heapUsed);
    const replica = connected(0, { a: 1 });
    const before = used();
    for (let seq = 1; seq < 200_000; seq += 2) {
      update(replica, `name-${seq}`, seq, 0, { value: 1 });
      update(replica, `name-${seq}`, seq + 1, seq, { removed: true });
      if (seq % 1000 === 1) heartbeat(replica, seq + 1, seq + 1);
    }
    expect(used() - before).toBeLessThan(1_000_000);
    expect(replica.read()).toStrictEqual({ a: 1 });
  });

  test("come back after that where nothing was missed, and not by an old event", () => {
    const replica = connected(5, { a: 1, b: 1 });
    update(replica, "b", 6, 5, { removed: true });
    heartbeat(replica, 7, 6);
    update(replica, "b", 5, 0, { value: "old" });
    update(replica, "b", 7, 6, { value: "old" });
    expect(replica.read()).toStrictEqual({ a: 1 });
    refuses(replica, () => update(replica, "b", 9, 8, { value: 2 }));
    update(replica, "b", 10, 6, { value: 2 });
    expect(replica.read()).toStrictEqual({ a: 1, b: 2 });
  });

  test("keep their versions while a heartbeat finds something missing before it", () => {
    const replica = connected(5, { a: 1, b: 1 });
    update(replica, "b", 6, 5, { removed: true });
    heartbeat(replica, 6, 9);
    update(replica, "b", 8, 6, { value: 2 });
    expect(replica.read()).toStrictEqual({ a: 1, b: 2 });
  });

  test("do not hide that an event of a slice that stayed was missed", () => {
    const replica = connected(5, { a: 1, b: 1 });
    update(replica, "b", 7, 5, { removed: true });
    heartbeat(replica, 7, 7);
    refuses(replica, () => update(replica, "a", 8, 6, replace("", 2)));
  });
});

test("a value of any depth is compared without recursion over all of it", () => {
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const replica = new Replica(undefined);
  replica.begin();
  for (const seq of [5, 6]) {
    const slices = { a: JSON.parse(nested(5000)) as Json, b: JSON.parse("[[1]]") as Json };
    const event = { type: "state.initial", slices, reason: "connect", seq, heartbeatMs: 1, timestamp: 0 } as const;
    replica.take(event, `e.${seq}`);
  }
  expect(replica).toMatchObject({ eventId: "e.6", upToDate: true });
});
