import { HttpAgent } from "@ag-ui/client";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { describe, expect, it } from "vitest";
import { framesOfResponse, inputOf, post, typesOf } from "./support/frames.ts";
import { expectQuiet } from "./support/quiet.ts";

expectQuiet();

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** JSON, in which `__proto__` is a member like any other. */
const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe("A change that clients of AG-UI take for an attack on prototypes", () => {
  it.each([
    ["a slice __proto__", "__proto__", '{"x":1}', '{"x":2}'],
    ["a member __proto__", "plain", '{"__proto__":{"x":1}}', '{"__proto__":{"x":2}}'],
    ["a member far below", "plain", '{"a":[{"__proto__":[1]}]}', '{"a":[{"__proto__":[1,2]}]}'],
    ["a member that is new", "plain", "{}", '{"__proto__":1}'],
    ["prototype below constructor", "plain", '{"constructor":{"prototype":1}}', '{"constructor":{"prototype":2}}'],
    ["a slice constructor with a prototype", "constructor", '{"prototype":{"x":1}}', '{"prototype":{"x":2}}'],
  ])("does not keep the client from being equal: %s", async (_, slice, before, after) => {
    // Large, so that the change is said as a patch, whose path has the name.
    const large = (text: string): string =>
      `${text.slice(0, -1)}${text === "{}" ? "" : ","}"large":"${"-".repeat(500)}"}`;
    const stream = createStateStream({ initialState: json(`{"${slice}":${large(before)}}`) });
    const run = async (): Promise<void> => {
      await turn();
      stream.set(slice, json(large(after)));
      await turn();
      stream.set("next", 1);
    };
    const text = await (await streamAgUi(post(inputOf()), stream, { run })).text();
    const agent = new HttpAgent({
      url: "",
      fetch: async () => new Response(text, { headers: { "content-type": "text/event-stream" } }),
    });
    await agent.runAgent();
    // As text, since many a comparison does not look at a member __proto__.
    expect(JSON.stringify(agent.state)).toBe(`{"${slice}":${large(after)},"next":1}`);
    expect(Object.prototype).not.toHaveProperty("x");
    await framesOfResponse(text);
  });

  it("is sent as a snapshot, and one of a name that is only like it is not", async () => {
    const stream = createStateStream<Record<string, unknown>>({
      initialState: { prototype: 1, constructor: { name: 1 } },
    });
    const run = async (): Promise<void> => {
      await turn();
      stream.set("constructor", { name: 2 });
      stream.set("prototype", 2);
      stream.set("__proto", 3);
      await turn();
      stream.set("__proto__", 4);
    };
    const text = await (await streamAgUi(post(inputOf()), stream, { run })).text();
    const types = typesOf(await framesOfResponse(text));
    expect(types.filter((type) => type === "STATE_SNAPSHOT")).toHaveLength(2);
    expect(types.filter((type) => type === "STATE_DELTA")).toHaveLength(3);
  });
});
