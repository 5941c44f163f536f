import { HttpAgent } from "@ag-ui/client";
import { expect, it } from "vitest";
import { start } from "./support.ts";

it("ag-ui: an unmodified HttpAgent asks and is answered, and the server stops by itself", async () => {
  const { url, stop } = await start("ag-ui");
  const agent = new HttpAgent({ url: `${url}/agent` });
  agent.addMessage({ id: "u1", role: "user", content: "Why?" });
  const { newMessages } = await agent.runAgent();
  expect(newMessages).toMatchObject([
    { role: "assistant", content: expect.stringMatching(/^You asked: Why\? .* as they come\.$/) },
  ]);
  expect(agent.state).toEqual({});
  expect(await stop()).toBe(0);
});
