import { expect, test, vi } from "vitest";
import type { StateSource, StateStream } from "../../src/index.ts";
import { followed, setup } from "../support/streams.ts";

type Hands = Record<string, string[]>;

const project = (state: object, player: string) => ({ hand: (state as { hands: Hands }).hands[player] ?? [] });

test("a projection may give the same object each time, changed", () => {
  const { stream, clock } = setup({ hands: { ann: ["ace"] } });
  const kept: { hand?: string[] } = {};
  const views = clock.createStateViews(stream, (state, player) => Object.assign(kept, project(state, player)));
  const ann = followed(views.get("ann"));
  stream.set("hands", { ann: ["king"] });
  clock.flush();
  ann.pull();
  expect(ann.client.state).toEqual({ hand: ["king"] });
  expect(followed(views.get("ann")).client.state).toEqual({ hand: ["king"] });
});

/** Streams whose state is mutated in place, and which name the slice then. */
const streams: Record<
  string,
  (hands: Hands) => { clock: ReturnType<typeof setup>["clock"]; stream: StateStream; notify: () => void }
> = {
  "own state"(hands) {
    const { stream, clock } = setup({ hands });
    return { clock, stream, notify: () => stream.set("hands", hands) };
  },
  "a source"(hands) {
    const { clock } = setup({});
    let listener: (change: { slice: string }) => void = () => undefined;
    const source: StateSource<{ hands: Hands }> = {
      getState: () => ({ hands }),
      subscribe: (fn) => {
        listener = fn;
        return () => undefined;
      },
    };
    return { clock, stream: clock.createStateStream({ source }), notify: () => listener({ slice: "hands" }) };
  },
};

for (const [name, make] of Object.entries(streams)) {
  test(`views of ${name} that is mutated in place and names the slice, and views of those, show it`, () => {
    const hands: Hands = { ann: ["ace", "king"] };
    const { clock, stream, notify } = make(hands);
    const views = clock.createStateViews(stream, project);
    const nested = clock.createStateViews(views.get("ann"), ({ hand }) => ({ hand }));
    const clients = [followed(views.get("ann")), followed(nested.get("ann"))];
    for (const cards of [["king"], ["king", "ten"], ["two"]]) {
      hands["ann"]?.splice(0, Infinity, ...cards);
      notify();
      clock.flush();
      clock.flush();
      for (const { client, pull } of clients) {
        pull();
        expect(client.state).toEqual({ hand: cards });
      }
      for (const view of [views.get("ann"), nested.get("ann")])
        expect(followed(view).client.state).toEqual({ hand: cards });
    }
  });
}

test("in development, a warning says that a slice which the projection gave was mutated in place", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const { stream, clock } = setup({ board: 1 });
  const hand = ["ace"];
  followed(clock.createStateViews(stream, () => ({ hand })).get("ann"));
  hand.pop();
  stream.set("board", 2);
  clock.flush();
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]?.[0]).toContain('slice "hand" was mutated in place');
  warn.mockRestore();
});

test("what a view shows of its stream is watched for mutations by the stream, and not again by each view", () => {
  const { stream, clock } = setup({ board: { turn: 1 } });
  const views = clock.createStateViews(stream, ({ board }, key) => ({ board, own: [key] }));
  for (const key of ["a", "b"]) followed(views.get(key));
  const read = vi.spyOn(Object, "getOwnPropertyDescriptor");
  stream.set("board", { turn: 2 });
  clock.flush();
  const objects = read.mock.calls.map(([object]) => object);
  read.mockRestore();
  const { board } = stream.state;
  expect(objects.filter((object) => object === board)).toHaveLength(1);
  for (const key of ["a", "b"]) expect(objects).toContain(views.get(key).state.own);
});
