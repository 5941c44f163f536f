import { afterEach, expect, test, vi } from "vitest";

/** Next.js's edge runtime has each function of Node's `process`, and each throws. */
function unsupported(): never {
  throw new Error("A Node.js API is used which is not supported in the Edge Runtime.");
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("a process whose functions throw has channels without subscribers", async () => {
  vi.resetModules();
  vi.stubGlobal("process", { env: {}, getBuiltinModule: unsupported });
  const { connectChannel } = await import("../../src/support/diagnostics.ts");
  expect(connectChannel.hasSubscribers).toBe(false);
});

test("a process whose functions throw is not warned, and the caller continues", async () => {
  vi.resetModules();
  vi.stubGlobal("process", { env: {}, emitWarning: unsupported });
  const { warn } = await import("../../src/support/warn.ts");
  expect(() => warn("text")).not.toThrow();
});
