import { HttpAgent } from "@ag-ui/client";
import { writeAgUi } from "@statestream/ag-ui";
import { createStateStream } from "@statestream/core";
import { expect, it } from "vitest";
import { Changes, type TestState } from "./support/changes.ts";
import { serve } from "./support/serve.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it.each([1, 2, 3, 4, 5])(
  "An unmodified HttpAgent ends on the server's state after random changes (seed %i)",
  async (seed) => {
    const stream = createStateStream<TestState>({ initialState: { messages: [], "a/b": { x: 1 } } });
    const changes = new Changes(stream, seed);
    const url = await serve((req, res) => void writeAgUi(req, res, stream, { messages: "messages" }));
    for (let count = 0; count < 20; count++) changes.change();
    const agent = new HttpAgent({ url });
    const run = agent.runAgent();
    await expect.poll(() => stream.stats().connections).toBe(1);
    for (let count = 0; count < 300; count++) {
      changes.change();
      if (count % 3 === 0) await turn();
    }
    await stream.close();
    await run;
    const { messages, ...state } = stream.state;
    expect(agent.state).toEqual(state);
    expect(agent.messages).toEqual(messages);
  },
);
