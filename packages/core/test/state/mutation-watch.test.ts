import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { follow, own } from "../support/follow.ts";

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(process, "emitWarning").mockImplementation((text) => void warnings.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

interface Todos {
  list: { id: number; done: boolean }[];
  byId: Record<string, { n: number }>;
}
const todos = (): Todos => ({ list: [{ id: 1, done: false }], byId: { x: { n: 1 } } }); // prettier-ignore

describe("a shared value that is mutated in place", () => {
  test.each<[string, (value: Todos) => void]>([
    ["by a new row", ({ list }) => void list.push({ id: 2, done: false })],
    ["inside a row", ({ list }) => void Object.assign(list[0] as object, { done: true })],
    ["by a new member", ({ byId }) => void (byId["y"] = { n: 1 })],
    ["by a removed member", ({ byId }) => void delete byId["x"]],
    ["deep inside", ({ byId }) => void Object.assign(byId["x"] as object, { n: 2 })],
  ])("is warned of, with the fix, at the next notification of its source: %s", (_how, mutate) => {
    const value = todos();
    const { become } = follow({ todos: value, other: 1 });
    become({ todos: value, other: 2 });
    expect(warnings).toStrictEqual([]);
    mutate(value);
    become({ todos: value, other: 2 });
    expect(warnings).toStrictEqual([expect.stringContaining('The value of slice "todos" was mutated in place')]);
    expect(warnings[0]).toContain('snapshots: "copy"');
    mutate(value);
    become({ todos: value, other: 3 });
    expect(warnings).toHaveLength(1);
  });

  test("is warned of at the very first notification", () => {
    const value = todos();
    const { become } = follow({ todos: value });
    value.list.push({ id: 2, done: false });
    become({ todos: value });
    expect(warnings).toHaveLength(1);
  });

  test("is warned of where the state is the stream's own, at the next change of another slice", () => {
    const value = todos();
    const { stream } = own({ todos: value, other: 1 });
    value.list.push({ id: 2, done: false });
    stream.set("other", 2);
    expect(warnings).toHaveLength(1);
  });

  test("is not watched in production", () => {
    vi.stubEnv("NODE_ENV", "production");
    const value = todos();
    const { become } = follow({ todos: value });
    value.list.push({ id: 2, done: false });
    become({ todos: value });
    expect(warnings).toStrictEqual([]);
  });
});

describe("nothing is warned of", () => {
  test("where the slice is named as changed, since that sends the value", () => {
    const value = todos();
    const { stream } = own({ todos: value, other: 1 });
    for (const id of [2, 3, 4]) {
      value.list.push({ id, done: false });
      stream.set("todos", value);
      stream.set("other", id);
    }
    expect(warnings).toStrictEqual([]);
  });

  test("with snapshots: copy", () => {
    const value = todos();
    const { become } = follow({ todos: value }, { snapshots: "copy" });
    for (const id of [2, 3]) {
      value.list.push({ id, done: false });
      become({ todos: value });
    }
    expect(warnings).toStrictEqual([]);
  });

  test("for getters whose value changes, and values that cannot be read", () => {
    let count = 0;
    const value = { get n() { return count++; }, list: [{ id: 1 }], nan: Number.NaN }; // prettier-ignore
    const { proxy, revoke } = Proxy.revocable({ n: 1 }, {});
    const { become } = follow({ value, proxy, other: 1 });
    revoke();
    for (const other of [2, 3, 4]) become({ value, proxy, other });
    expect(warnings).toStrictEqual([]);
  });

  test("for immutable updates, however many", () => {
    let value = todos();
    const { become } = follow({ todos: value });
    for (let id = 2; id < 300; id++) {
      value = { ...value, list: [...value.list, { id, done: false }] };
      become({ todos: value });
    }
    expect(warnings).toStrictEqual([]);
  });
});

test("a mutation that comes late is found, too: checks become rare, and do not end", () => {
  const value = todos();
  const { become } = follow({ todos: value, n: 0 });
  for (let n = 0; n < 500; n++) become({ todos: value, n });
  value.list.push({ id: 2, done: false });
  for (let n = 0; n < 50; n++) become({ todos: value, n });
  expect(warnings).toHaveLength(1);
});
