import { describe, expect, test, vi } from "vitest";
import { causeOf, defaultActionId } from "../../src/state/cause.ts";

describe("causeOf", () => {
  test("keeps the payload: the stream's option decides whether it is sent", () => {
    expect(causeOf({ type: "t", payload: 0, more: 1 }, () => "i")).toStrictEqual({ type: "t", id: "i", payload: 0 });
    expect(causeOf({ type: "t" }, () => undefined)).toStrictEqual({ type: "t" });
  });

  test("has no id when actionId throws, and warns once", () => {
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const fail = (): never => {
      throw new Error("no");
    };
    for (let count = 0; count < 3; count++) expect(causeOf({ type: "t" }, fail)).toStrictEqual({ type: "t" });
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining("actionId threw: no"),
      "StateStreamWarning",
    );
    emitWarning.mockRestore();
  });
});

test("an action whose getter throws gives no cause, and one warning", () => {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const action = {
    get type(): string {
      throw new Error("Detached.");
    },
  };
  for (let count = 0; count < 3; count++) expect(causeOf(action, defaultActionId)).toBeUndefined();
  expect(emitWarning).toHaveBeenCalledExactlyOnceWith(
    "Reading an action threw: Detached. Its change is sent without a cause.",
    "StateStreamWarning",
  );
  emitWarning.mockRestore();
});

test.each<[unknown, string | number | undefined]>([
  [{ meta: { __ellie: { actionId: "e" }, id: "i", requestId: "r" } }, "e"],
  [{ meta: { __ellie: {}, id: 0, requestId: "r" } }, 0],
  [{ meta: { __ellie: null, id: {}, requestId: "r" } }, "r"],
  [{ meta: { id: true } }, undefined],
  [{ meta: "i" }, undefined],
  [{}, undefined],
  [null, undefined],
])("the default id of the action %j is %j", (action, id) => {
  expect(defaultActionId(action)).toBe(id);
});
