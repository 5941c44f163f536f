export { createTestClock } from "./state/testing.ts";
export type { TestClock, TestClockOptions } from "./state/testing.ts";
