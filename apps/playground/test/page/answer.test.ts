import { StateClientError, type StreamStatus } from "@statestream/client";
import { expect, test, vi } from "vitest";
import { createAnswerTracker } from "../../page/src/model/answer.ts";

const status = (change: Partial<StreamStatus>): StreamStatus => ({
  status: "live",
  since: 0,
  attempt: 0,
  resumed: false,
  eventId: undefined,
  error: undefined,
  bytes: 0,
  ...change,
});

test("shows who answered, whether it resumed, and how long nothing came before", () => {
  vi.useFakeTimers();
  try {
    const tracker = createAnswerTracker();
    tracker.answered(new Response("", { headers: { "x-framework": "koa", "x-pid": "12" } }));
    tracker.changed(status({}));
    expect(tracker.newest).toEqual({ framework: "koa", pid: "12", how: "snapshot", afterMs: undefined });
    tracker.changed(status({ status: "stale", error: new StateClientError("network", "Lost.") }));
    expect(tracker.newest.how).toBe("failed");
    vi.advanceTimersByTime(700);
    tracker.changed(status({ status: "stale" }));
    expect(tracker.newest.how).toBe("connecting");
    tracker.changed(status({ resumed: true }));
    expect(tracker.newest).toMatchObject({ how: "resumed", afterMs: 700 });
  } finally {
    vi.useRealTimers();
  }
});
