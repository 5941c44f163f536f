import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const here = fileURLToPath(new URL("..", import.meta.url));

test("CommonJS can require() the client and core, as they are built, and Node warns of nothing", async () => {
  const script = `
    const { createStateClient } = require("@statestream/client");
    const { createStateStream } = require("@statestream/core");
    const { streamState } = require("@statestream/express");
    const stream = createStateStream({ initialState: { count: 1 } });
    const client = createStateClient("/events", { initial: { state: stream.state, eventId: stream.eventId } });
    console.log(client.getState().count, client.getStatus().status, typeof streamState);
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["-e", script], { cwd: here });
  expect([stdout, stderr]).toEqual(["1 closed function\n", ""]);
});
