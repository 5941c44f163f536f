import type { StateStreamError } from "@statestream/core";
import { freePort } from "@statestream/redis-server";
import { createClient } from "redis";
import { afterEach, expect, test, vi } from "vitest";
import { createRedisBackplane } from "../../src/index.ts";

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

async function unreachable(onError?: (error: StateStreamError) => void) {
  const redis = createClient({ url: `redis://127.0.0.1:${await freePort()}`, socket: { reconnectStrategy: 20 } });
  const backplane = createRedisBackplane({ redis, ...(onError && { onError }) });
  after.push(() => backplane.close());
  return backplane;
}

test("an onError that throws while Redis is unreachable becomes a process warning, and does not end the process", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  after.push(() => warn.mockRestore());
  let calls = 0;
  await unreachable(() => {
    calls++;
    throw new Error("from the application");
  });
  await vi.waitFor(() => expect(warn).toHaveBeenCalled());
  expect(calls).toBeGreaterThan(0);
  expect(String(warn.mock.calls[0]?.[0])).toContain("The option onError of the backplane threw");
});

test("without onError, a Redis that is unreachable is reported as one process warning", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  after.push(() => warn.mockRestore());
  const backplane = await unreachable();
  void backplane.writer("k", { initialState: { a: 1 } });
  await vi.waitFor(() => expect(warn).toHaveBeenCalled());
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(warn.mock.calls.map(([text]) => String(text))).toStrictEqual([
    expect.stringMatching(/^The connection to Redis failed: .*[^.]\. It is retried\.$/),
  ]);
});

test("an error's message that ends in a full stop does not get a second one", async () => {
  const errors: string[] = [];
  const redis = createClient();
  redis.duplicate = (() => {
    const broken = createClient({ socket: { host: "127.0.0.1", port: 1, reconnectStrategy: false } });
    broken.connect = () => Promise.reject(new Error("It ends in a full stop."));
    return broken;
  }) as unknown as typeof redis.duplicate;
  const backplane = createRedisBackplane({ redis, onError: ({ message }) => errors.push(message) });
  after.push(() => backplane.close());
  await vi.waitFor(() =>
    expect(errors).toContain("The connection to Redis failed: It ends in a full stop. It is retried."),
  );
});
