import { describe, expect, test } from "vitest";
import { createTestClock } from "../../src/state/testing.ts";
import { follow } from "../support/follow.ts";
import { chunksOf, followed, textOf } from "../support/streams.ts";

const SECRET = "sentinel-of-a-secret";

describe("a slice that is removed and hidden in one commit", () => {
  function redacting() {
    const stream = createTestClock().createStateStream<{ open: boolean; secret?: string; filler: string }>({
      initialState: { open: true, secret: SECRET, filler: "x".repeat(5000) },
      slices: (state) => (state.open ? ["open", "secret", "filler"] : ["open", "filler"]),
    });
    const redact = (): void =>
      stream.batch(() => {
        stream.set("open", false);
        stream.remove("secret");
      });
    return { stream, redact };
  }

  test("is not in the snapshot of a client that comes after it", () => {
    const { stream, redact } = redacting();
    // The first client has a snapshot made that the next one would share.
    followed(stream);
    redact();
    expect(textOf(chunksOf(stream.connect()))).not.toContain(SECRET);
  });

  test("is not replayed to a client that resumes from before it", () => {
    const { stream, redact } = redacting();
    const { client } = followed(stream);
    stream.set("secret", `${SECRET} 2`);
    redact();
    const text = textOf(chunksOf(stream.connect({ lastEventId: client.id })));
    expect(text).not.toContain(SECRET);
    expect(text).toContain('"reason":"trimmed"');
  });
});

describe("what clients may see is decided before a slice is read", () => {
  /** The getter of `secret` throws once the secret may not be seen. */
  const stateOf = (open: boolean) => ({
    open,
    get secret(): string {
      if (!open) throw new Error("forbidden");
      return SECRET;
    },
  });
  const slices = (state: object): string[] => ((state as { open: boolean }).open ? ["open", "secret"] : ["open"]);

  test.each([undefined, { slice: "open" }, { slice: "secret" }])(
    "a hidden slice whose getter throws is removed, notified as %j",
    (change) => {
      const { stream, become, codes, updates } = follow(stateOf(true), { slices });
      become(stateOf(false), change);
      expect(updates()).toContainEqual(expect.objectContaining({ slice: "secret", removed: true }));
      expect(Object.keys(stream.state)).toStrictEqual(["open"]);
      expect(textOf(chunksOf(stream.connect()))).not.toContain(SECRET);
      expect(codes()).toStrictEqual([]);
    },
  );

  test("a slice that is not listed is never read", () => {
    const { stream, become, codes } = follow(stateOf(false), { slices: ["open"] });
    become(stateOf(false));
    expect([stream.state, codes()]).toStrictEqual([{ open: false }, []]);
  });
});

describe("the removal of a slice that is hidden", () => {
  const slices = (state: object): string[] => ((state as { open: boolean }).open ? ["open", "secret"] : ["open"]);

  test.each(["open", "secret"])("carries the cause of the change that hid it, notified as a change of %s", (slice) => {
    const { become, updates } = follow({ open: true, secret: SECRET }, { slices });
    become({ open: false, secret: SECRET }, { slice, cause: { type: "redacted", id: 1 } });
    expect(updates()).toContainEqual(
      expect.objectContaining({ slice: "secret", removed: true, cause: { type: "redacted", id: 1 } }),
    );
  });
});
