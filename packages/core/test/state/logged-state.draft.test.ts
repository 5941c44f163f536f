import { createNextState } from "@reduxjs/toolkit";
import { describe, expect, test } from "vitest";
import { own, type State } from "../support/follow.ts";

interface Todo {
  id: number;
  text: string;
}
interface Todos {
  todos: Todo[];
}
const state: Todos = { todos: [{ id: 1, text: "a" }, { id: 2, text: "b" }] }; // prettier-ignore

describe("a draft of Immer, which is revoked once its recipe returns", () => {
  test.each<[string, (draft: Todos) => unknown, unknown]>([
    ["itself", (draft) => draft.todos, [{ id: 1, text: "c" }, { id: 2, text: "b" }]], // prettier-ignore
    ["as a member of a new object", (draft) => ({ list: draft.todos }), { list: [{ id: 1, text: "c" }, { id: 2, text: "b" }] }], // prettier-ignore
    ["in a copy of its list", (draft) => [...draft.todos], [{ id: 1, text: "c" }, { id: 2, text: "b" }]], // prettier-ignore
  ])("is stored as a copy: %s", (_where, valueOf, expected) => {
    const { stream, codes, updates } = own({ todos: 0 });
    createNextState(state, (draft) => {
      (draft.todos[0] as Todo).text = "c";
      stream.set("todos", valueOf(draft));
    });
    expect(updates()).toStrictEqual([{ slice: "todos", value: expected }]);
    expect(stream.state).toStrictEqual({ todos: expected });
    // New clients get it, and the next value is compared with it.
    expect(own(stream.state as State).stream.state).toStrictEqual({ todos: expected });
    stream.set("todos", [{ id: 9, text: "z" }]);
    expect([stream.state, codes()]).toStrictEqual([{ todos: [{ id: 9, text: "z" }] }, []]);
  });
});

test("a value that is revoked after it was set does not make the next one fail", () => {
  const { stream, codes, updates } = own({ todos: 0 });
  const { proxy, revoke } = Proxy.revocable({ n: 1, inner: { n: 1 } }, {});
  stream.set("todos", { outer: proxy });
  revoke();
  updates();
  stream.set("todos", { outer: { n: 2 } });
  expect(updates()).toStrictEqual([{ slice: "todos", value: { outer: { n: 2 } } }]);
  expect([stream.state, codes()]).toStrictEqual([{ todos: { outer: { n: 2 } } }, []]);
});

test("a value with a Date that is revoked after it was set is reported, and not held against the next one", () => {
  const { stream, codes } = own({ todos: 0 });
  const many = (n: number): object => ({
    ...Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, index])),
    at: new Date(0),
    n,
  });
  stream.set("todos", many(0));
  const { proxy, revoke } = Proxy.revocable(many(1), {});
  stream.set("todos", proxy);
  revoke();
  const connection = stream.connect();
  while (connection.read() !== undefined);
  expect(codes()).toStrictEqual(["not-serializable"]);
  stream.set("todos", { n: 2 });
  expect(stream.state).toStrictEqual({ todos: { n: 2 } });
});

test("a draft in place of a value that it resembles is stored as a copy too", () => {
  const { stream, codes, updates } = own({ todos: state.todos });
  updates();
  createNextState(state, (draft) => {
    (draft.todos[0] as Todo).text = "c";
    stream.set("todos", draft.todos);
  });
  expect(updates()).toMatchObject([{ slice: "todos", patches: [{ op: "replace", path: "/0/text", value: "c" }] }]);
  expect([stream.state, codes()]).toStrictEqual([{ todos: [{ id: 1, text: "c" }, { id: 2, text: "b" }] }, []]); // prettier-ignore
});
