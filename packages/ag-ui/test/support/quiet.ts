import { afterEach, beforeEach, expect, vi } from "vitest";

/** Each test of the file fails where something warns or leaves a rejection unhandled. */
export function expectQuiet(): void {
  const complaints: unknown[] = [];
  const note = (error: unknown): void => void complaints.push(error);

  beforeEach(() => {
    // What a client of AG-UI cannot apply it drops with a warning.
    vi.spyOn(console, "warn").mockImplementation((...args) => void complaints.push(args.join(" ")));
    process.on("unhandledRejection", note);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.off("unhandledRejection", note);
    expect(complaints.splice(0)).toEqual([]);
  });
}
