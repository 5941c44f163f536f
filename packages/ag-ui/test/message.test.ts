import { MessageSchema } from "@ag-ui/core/schemas";
import { describe, expect, it } from "vitest";
import { isMessage } from "../src/message.ts";
import { randomOf } from "./support/changes.ts";

const ROLES = ["developer", "system", "assistant", "user", "tool", "activity", "reasoning", "agent", undefined];
const call = { id: "c", type: "function", function: { name: "look", arguments: "{" } };
const CALLS = [
  [],
  [call],
  [call, { ...call, type: "other" }],
  [{ ...call, id: 1 }],
  [{ ...call, function: { name: "look" } }],
  [{ ...call, encryptedValue: null }],
  [{ ...call, metadata: [] }],
  "none",
  [null],
];
const VALUES = [
  "text",
  "",
  1,
  null,
  {},
  { a: 1 },
  [],
  [{ type: "text", text: "x" }],
  [{ type: "text" }],
  [null],
  ["x"],
];
const MEMBERS = [
  "content",
  "name",
  "metadata",
  "subagentRunId",
  "encryptedValue",
  "toolCallId",
  "error",
  "activityType",
];

describe("A value of the slice", () => {
  it("is a message exactly where the schemas of AG-UI say so, whatever its members are", () => {
    const below = randomOf(5);
    const seen = { messages: 0, others: 0 };
    for (let count = 0; count < 5000; count++) {
      // Mostly what a message has, or nothing else would ever be one.
      const role = ROLES[below(ROLES.length)];
      const value: Record<string, unknown> = {
        id: below(20) === 0 ? 7 : "m",
        role,
        content: role === "activity" ? {} : "text",
        ...(role === "tool" && { toolCallId: "c" }),
        ...(role === "activity" && { activityType: "plan" }),
      };
      for (let more = below(3); more > 0; more--) {
        const name = MEMBERS[below(MEMBERS.length)] as string;
        if (below(4) === 0) delete value[name];
        else value[name] = VALUES[below(VALUES.length)];
      }
      // Calls of others than assistants are no part of the schemas, but must not be anything else either.
      if (role === "assistant" && below(2) === 0) value["toolCalls"] = CALLS[below(CALLS.length)];
      const is = MessageSchema.safeParse(value).success;
      if (isMessage(value) !== is) expect.fail(`${JSON.stringify(value)} is ${is ? "a" : "no"} message`);
      seen[is ? "messages" : "others"]++;
    }
    expect(Math.min(seen.messages, seen.others)).toBeGreaterThan(1000);
  });

  it.each([undefined, null, "text", 7, {}, { id: "a" }])("is no message where it is %j", (value) => {
    expect(isMessage(value)).toBe(false);
  });

  it("is no message where calls of a role that makes none are no calls", () => {
    expect(isMessage({ id: "u", role: "user", content: "Hi", toolCalls: "none" })).toBe(false);
  });
});
