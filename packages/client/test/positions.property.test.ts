import fc from "fast-check";
import { expect, test } from "vitest";
import { Positions } from "../src/positions.ts";

/** A position that a client begins to wait for when it has been sent so many events. */
interface Wait {
  readonly after: number;
  /** Which position of the log, if it is one of it. */
  readonly at: number;
  /** How far it lies beyond the end of its epoch; 0: it does not. */
  readonly beyond: number;
  /** Its epoch never came. */
  readonly isForeign: boolean;
}

const plans = fc.record({
  /** How many events each epoch has. */
  lengths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }),
  /** For each event, whether the client is sent it. */
  sent: fc.array(fc.boolean(), { minLength: 48, maxLength: 48 }),
  waits: fc.array(fc.record<Wait>({ after: fc.nat(20), at: fc.nat(47), beyond: fc.nat(3), isForeign: fc.boolean() }), {
    maxLength: 12,
  }),
});

test("a position is reached with the first event after it, is lost where its epoch ended before it, and waits otherwise", () => {
  fc.assert(
    fc.property(plans, ({ lengths, sent, waits }) => {
      const epochs = lengths.flatMap((length, epoch) => Array.from({ length }, () => epoch));
      const ends = [...lengths.keys()].map((epoch) => epochs.lastIndexOf(epoch));
      const id = (seq: number, epoch = epochs[seq]): string => `e${epoch}.${seq.toString(36)}`;
      const positions = new Positions();
      const waiting: { epoch: number; seq: number; since: number; outcome: string }[] = [];
      let before = -1;
      for (const [step, seq] of [...epochs.keys()].filter((at) => at === 0 || sent[at]).entries()) {
        const epoch = epochs[seq] as number;
        const ended = ends.filter((end) => before < end && end < seq);
        positions.reach(
          id(seq),
          ended.map((end) => id(end)),
          false,
        );
        for (const { at, beyond, isForeign } of waits.filter(({ after }) => after === step)) {
          const own = epochs[at % epochs.length] as number;
          const wait = isForeign
            ? { epoch: -1, seq: at }
            : { epoch: own, seq: beyond === 0 ? at % epochs.length : (ends[own] as number) + beyond };
          const entry = { ...wait, since: epoch, outcome: "pending" };
          waiting.push(entry);
          positions.wait(id(wait.seq, wait.epoch), (code) => (entry.outcome = code ?? "reached"));
        }
        for (const wait of waiting) {
          const isIn = wait.epoch !== -1 && wait.seq <= Math.min(ends[wait.epoch] as number, seq);
          const hasBegun = wait.epoch !== -1 && epochs.indexOf(wait.epoch) <= seq;
          const isOver = hasBegun ? wait.epoch !== epoch : wait.since !== epoch && wait.seq <= seq;
          const expected = isIn ? "reached" : isOver ? "position-lost" : "pending";
          expect({ now: seq, ...wait }).toEqual({ now: seq, ...wait, outcome: expected });
        }
        before = seq;
      }
    }),
    { numRuns: 2000 },
  );
});
