import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConnectOptions, StateEvent } from "../../src/index.ts";
import { beginEpoch } from "../../src/replication/log-start.ts";
import type { BaseStateStream } from "../../src/state/state-stream.ts";
import { framesOf } from "../support/read.ts";
import { follow, setup } from "../support/streams.ts";

const kinds: readonly ConnectOptions[] = [
  {},
  { slices: ["a"] },
  { slices: ["a"], bookmarks: true },
  { slices: ["b"], bookmarks: true, maxRateHz: 2 },
  { maxRateHz: 1 },
  { append: true },
];

type Step =
  | { readonly set: "a" | "b" }
  | { readonly grow: "a" | "b" }
  | { readonly pass: number }
  | "epoch"
  | "read"
  | "reconnect";

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ set: fc.constantFrom("a" as const, "b" as const) }),
    fc.record({ grow: fc.constantFrom("a" as const, "b" as const) }),
    fc.record({ pass: fc.constantFrom(0, 100, 400, 20_000) }),
    fc.constant("epoch" as const),
    fc.constant("read" as const),
    fc.constant("reconnect" as const),
  ),
  // An event lists 32 epochs at most.
  { maxLength: 30 },
);

test(
  "whatever a client selects and however it reads, it learns where each epoch ended, from IDs or from ended",
  { timeout: 30_000 },
  () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), steps, (options, plan) => {
        const { clock, stream } = setup({ a: "", b: "" });
        const { log } = stream as unknown as BaseStateStream<object>;
        /** Where each epoch ended. */
        const ends: string[] = [];
        const known = new Set<string>();
        let { connection } = follow(stream, options);
        let id: string | undefined;
        const read = (): void => {
          clock.flush();
          for (const frame of framesOf(connection)) {
            id = frame.id;
            if (!id.endsWith(".-")) known.add(id.split(".").slice(0, 2).join("."));
            for (const end of (JSON.parse(frame.data) as Extract<StateEvent, { ended?: unknown }>).ended ?? [])
              known.add(end);
          }
          // Nothing that it has is news to it.
          const position = Number.parseInt(id?.split(".")[1] ?? "", 36);
          const due = ends.filter((end) => Number.parseInt(end.split(".")[1] ?? "", 36) < position);
          expect(due.filter((end) => !known.has(end))).toEqual([]);
        };
        read();
        let count = 0;
        for (const step of plan) {
          if (step === "read") read();
          else if (step === "epoch") {
            ends.push(stream.eventId);
            beginEpoch(log, `epoch${String(++count).padStart(6, "0")}`);
            stream.append("b", "", "!");
          } else if (step === "reconnect") {
            connection.close();
            ({ connection } = follow(stream, { ...options, lastEventId: id }));
            read();
          } else if ("set" in step) stream.set(step.set, String(++count));
          else if ("grow" in step) stream.append(step.grow, "", "x");
          else clock.advance(step.pass);
        }
        read();
        clock.advance(40_000);
        read();
      }),
      { numRuns: 300 },
    );
  },
);
