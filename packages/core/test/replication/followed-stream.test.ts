import { describe, expect, test } from "vitest";
import type { Commit } from "../../src/replication/commit.ts";
import { copyOf, emptyCopy, epoch, join, originOf, said } from "../support/copies.ts";
import { thrownBy } from "../support/streams.ts";

const invalid = expect.objectContaining({ code: "invalid-commit" }) as unknown;

describe("a copy", () => {
  test("has no state before its first checkpoint", () => {
    const { copy } = emptyCopy(originOf({}).clock);
    expect([copy.position, copy.eventId, copy.state]).toStrictEqual([undefined, "", {}]);
    expect(copy.includes({ epoch: "", seq: 0 })).toBe(false);
    expect(() => copy.checkpoint()).toThrow("no state yet");
    const commit: Commit = { epoch: epoch("a"), previous: "", first: 0, last: 0, body: "1 0\n{}" };
    expect(thrownBy(() => copy.follow(commit))).toEqual(invalid);
    expect(copy.eventId).toBe("");
  });

  test("has the position of its origin after each commit", () => {
    const origin = originOf({ a: { n: 1 }, b: 1 });
    const { copy } = copyOf(origin);
    const { client, pull } = join(copy);
    pull();
    origin.stream.batch(() => {
      origin.stream.patch("a", [{ op: "add", path: "/m", value: [] }]);
      origin.stream.remove("b");
    });
    origin.stream.set("c", null);
    for (const commit of origin.commits) {
      copy.follow(commit);
      expect(copy.position).toStrictEqual({ epoch: epoch("a"), seq: commit.last });
    }
    expect(copy.state).toStrictEqual({ a: { n: 1, m: [] }, c: null });
    expect([copy.eventId, copy.checkpoint()]).toStrictEqual([origin.stream.eventId, origin.checkpoint()]);
    expect(said(pull())).toStrictEqual(["a 1", "b 2", "c 3"]);
    expect(client.state).toStrictEqual(copy.state);
  });

  test("counts the events that it received itself, not those of the log before it joined", () => {
    const origin = originOf({ a: 0 });
    for (let n = 1; n <= 5; n++) origin.stream.set("a", n);
    const { copy } = emptyCopy(origin.clock);
    copy.adopt(origin.checkpoint(), []);
    expect(copy.stats()).toMatchObject({ events: 0, eventId: origin.stream.eventId });
    const joined = origin.commits.length;
    origin.stream.set("a", 6);
    for (const commit of origin.commits.slice(joined)) copy.follow(commit);
    expect(copy.stats()).toMatchObject({ events: 1, eventId: origin.stream.eventId });
  });

  test("knows approximately how many bytes it holds", () => {
    const origin = originOf({ a: "" });
    const { copy } = copyOf(origin, { maxLogEvents: 1 });
    for (let n = 0; n < 50; n++) origin.stream.set("a", "x".repeat(n * 100));
    for (const commit of origin.commits) copy.follow(commit);
    const held = JSON.stringify(copy.state).length + copy.stats().logBytes;
    expect(copy.bytes).toBeGreaterThan(held * 0.8);
    expect(copy.bytes).toBeLessThan(held * 3);
  });
});

describe("a commit that cannot be followed changes nothing:", () => {
  const event = (slice: string, seq: number, more: object) =>
    JSON.stringify({ type: "state.update", slice, seq, base: 0, ...more });
  const commit = (...lines: string[]): Commit => ({ epoch: epoch("a"), previous: epoch("a"), first: 1, last: lines.length, body: ["1 0", ...lines].join("\n") }); // prettier-ignore
  const good = event("a", 1, { value: 2 });
  const cases: Record<string, Commit> = {
    "it is of another branch": { ...commit(good), previous: epoch("b") },
    "it is further on": { ...commit(good), first: 2, last: 2 },
    "it is known": { ...commit(good), first: 0, last: 0 },
    "it cannot be read": commit("no event"),
    "its second event cannot be read": commit(good, "no event"),
    "its second event cannot be applied": commit(good, event("list", 2, { patches: [{ op: "remove", path: "/7" }] })),
    "it patches what is not there": commit(good, event("b", 2, { patches: [] })),
    "it patches what it removed": commit(event("a", 1, { removed: true }), event("a", 2, { patches: [] })),
    "it removes what is not there": commit(good, event("b", 2, { removed: true })),
    "its operation is none": commit(good, event("list", 2, { patches: [null] })),
  };
  test.each(Object.entries(cases))("%s", (_what, bad) => {
    const origin = originOf({ a: 1, list: [1] });
    const { copy } = copyOf(origin);
    const { pull } = join(copy);
    pull();
    const before = [copy.checkpoint(), copy.stats()];
    expect(thrownBy(() => copy.follow(bad))).toEqual(invalid);
    origin.clock.flush();
    expect([copy.checkpoint(), copy.stats()]).toStrictEqual(before);
    expect(pull()).toStrictEqual([]);
    copy.follow(commit(good));
    expect(copy.state).toStrictEqual({ a: 2, list: [1] });
  });
});

describe("a commit of a later version", () => {
  const later = (commit: Commit): Commit => ({ ...commit, body: commit.body.replace(/^\d+/, "3") });

  test("is refused, and the copy continues from a checkpoint behind it", () => {
    const origin = originOf({ a: "", b: 0 });
    const { copy } = copyOf(origin);
    const { client, pull } = join(copy);
    pull();
    origin.stream.append("a", "", "one");
    const [unknown] = origin.commits as [Commit];
    const error = thrownBy(() => copy.follow(later(unknown))) as Error;
    expect(error).toEqual(invalid);
    expect(error.message).toContain("format");
    expect([copy.position?.seq, copy.state]).toStrictEqual([0, { a: "", b: 0 }]);
    // The state of the checkpoint needs no commit before it.
    expect(thrownBy(() => copy.adopt(copyOf(originOf({ a: "", b: 0 })).copy.checkpoint(), [later(unknown)]))).toEqual(
      invalid,
    );
    copy.adopt(origin.checkpoint(), [later(unknown)]);
    origin.stream.set("b", 1);
    copy.follow(origin.commits[1] as Commit);
    expect(copy.state).toStrictEqual(origin.stream.state);
    pull();
    expect(client.state).toStrictEqual(origin.stream.state);
  });

  test("before the checkpoint is not replayed: a client from before it gets a snapshot", () => {
    const origin = originOf({ a: "", b: 0 });
    const { client, pull: read } = join(copyOf(origin).copy);
    read();
    origin.stream.set("b", 1);
    origin.stream.append("a", "", "one");
    origin.stream.set("b", 2);
    const [first, unknown, last] = origin.commits as [Commit, Commit, Commit];
    const { copy } = emptyCopy(origin.clock);
    copy.adopt(origin.checkpoint(), [first, later(unknown), last]);
    const { client: back, pull } = join(copy, {}, client.bookmark);
    copy.settle({ ahead: true });
    expect(said(pull())).toHaveLength(1);
    expect(back.state).toStrictEqual(origin.stream.state);
  });
});

describe("adopting", () => {
  test("an invalid checkpoint changes nothing", () => {
    const origin = originOf({ a: 1 });
    const { copy } = copyOf(origin);
    const { pull } = join(copy);
    pull();
    expect(thrownBy(() => copy.adopt("{}", []))).toEqual(invalid);
    origin.stream.set("a", 2);
    const past = { ...(origin.commits[0] as Commit), body: "1 0\nno event" };
    expect(thrownBy(() => copy.adopt(origin.checkpoint(), [past]))).toEqual(invalid);
    expect([copy.state, pull()]).toStrictEqual([{ a: 1 }, []]);
  });

  test("takes the commits before the checkpoint as what clients can be replayed, those after it as news", () => {
    const origin = originOf({ a: 1 });
    const { client, pull } = join(copyOf(origin).copy);
    pull();
    origin.stream.set("a", 2);
    const checkpoint = origin.checkpoint();
    origin.stream.set("b", 1);
    const { copy } = emptyCopy(origin.clock);
    copy.adopt(checkpoint, origin.commits);
    expect(copy.checkpoint()).toBe(origin.checkpoint());
    const back = join(copy, {}, client.bookmark);
    expect(said(back.pull())).toStrictEqual(["at 0", "a 1", "b 2"]);
    expect(back.client.state).toStrictEqual({ a: 2, b: 1 });
  });

  test("leaves out the past that does not lead there, and what a smaller log may not hold", () => {
    const origin = originOf({ a: 0 });
    for (let n = 1; n <= 4; n++) origin.stream.set("a", n);
    const [one, , three, four] = origin.commits as [Commit, Commit, Commit, Commit];
    const adopted = (commits: Commit[], maxLogEvents = 10) => {
      const { copy } = emptyCopy(origin.clock, { maxLogEvents });
      copy.adopt(origin.checkpoint(), commits);
      return copy.stats().logEvents;
    };
    expect(adopted([one, three, four])).toBe(2);
    expect(adopted([{ ...three, epoch: epoch("b") }, four])).toBe(1);
    expect(adopted(origin.commits, 1)).toBe(1);
  });

  test("stops where a commit after the checkpoint does not fit, and answers waiting clients with what is known", () => {
    const origin = originOf({ a: 0 });
    const checkpoint = origin.checkpoint();
    origin.stream.set("a", 1);
    origin.stream.set("a", 2);
    const { copy } = emptyCopy(origin.clock);
    const { pull } = join(copy);
    expect(thrownBy(() => copy.adopt(checkpoint, [origin.commits[1] as Commit]))).toEqual(invalid);
    expect(copy.position?.seq).toBe(0);
    expect(said(pull())).toStrictEqual(["connect 0"]);
  });

  test("repairs a slice that could not be sent", () => {
    const deep = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const origin = originOf({ a: 1 });
    const { copy } = emptyCopy(origin.clock, { onError: () => undefined });
    const checkpoint = origin.checkpoint();
    copy.adopt(checkpoint.replace('["a",1]', `["a",${deep(100_000)}]`), []);
    copy.checkpoint();
    copy.adopt(checkpoint.replace('["a",1]', '["a",[]]'), []);
    const event = JSON.stringify({ type: "state.update", slice: "a", seq: 1, base: 0, patches: [{ op: "add", path: "/-", value: 1 }] }); // prettier-ignore
    copy.follow({ epoch: epoch("a"), previous: epoch("a"), first: 1, last: 1, body: `1 0\n${event}` });
    expect(copy.state).toStrictEqual({ a: [1] });
  });
});
