import fc from "fast-check";
import { expect, test } from "vitest";
import type { StateStream } from "../../src/index.ts";
import { viewsWith } from "../../src/state/views.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";
import { Secrets, type Show, steps } from "../support/secrets.ts";
import { filteredByPath } from "../support/filtered-by-path.ts";
import type { Slices } from "../support/streams.ts";

const views: Show = (origin, copy, project) => {
  const made = origin.clock.createStateViews(copy ?? origin.stream, project);
  return { connect: (viewer, options) => made.get(viewer).connect(options), refresh: () => made.refresh() };
};

test(
  "a secret is never sent to a viewer who may not see it at that moment, on two nodes",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    checkProperty(
      fc.property(steps, (given) => {
        const secrets = new Secrets(views);
        secrets.run(given);
        secrets.converge();
      }),
      100,
    );
  },
);

// What one would write first. Each must fail, or the test above proves nothing.

/** For each viewer an ordinary stream over the projection, which replays its log and is only as new as its last flush. */
const ordinaryLogs: Show = (origin, copy, project) => {
  const parent = (copy ?? origin.stream) as StateStream<Slices>;
  const streams = new Map<string, StateStream<Slices>>();
  let notify: () => void = () => undefined;
  const make = (viewer: string): StateStream<Slices> => {
    const source = {
      getState: () => project(parent.state, viewer),
      subscribe: (listener: () => void) => {
        const before = notify;
        notify = () => (before(), listener());
        return parent.subscribe(listener);
      },
    };
    return origin.clock.createStateStream<Slices>({ source });
  };
  return {
    connect(viewer, options) {
      if (!streams.has(viewer)) streams.set(viewer, make(viewer));
      return (streams.get(viewer) as StateStream<Slices>).connect(options);
    },
    refresh: () => notify(),
  };
};

/** All viewers read one log, narrowed to what they may see when they connect. */
const sharedLog: Show = (origin, copy, project) => {
  const parent = (copy ?? origin.stream) as StateStream<Slices>;
  const getState = () => {
    const [ann, bob] = ["ann", "bob"].map((viewer) => project(parent.state, viewer));
    return { ...bob, ...ann };
  };
  const stream = origin.clock.createStateStream<Slices>({
    source: { getState, subscribe: (fn) => parent.subscribe(fn) },
  });
  return {
    connect: (viewer, { slices, ...options }) => {
      const names = Object.keys(project(parent.state, viewer)).filter((name) => slices?.includes(name) ?? true);
      return stream.connect({ ...options, slices: names });
    },
    refresh: () => undefined,
  };
};

/** Views whose event IDs are valid in each other. */
const oneEpoch: Show = (origin, copy, project) => {
  const createStateViews = viewsWith({ ...origin.clock.clock, epoch: () => "sameepoch00" });
  const made = createStateViews(copy ?? origin.stream, project);
  return { connect: (viewer, options) => made.get(viewer).connect(options), refresh: () => made.refresh() };
};

for (const [name, broken] of Object.entries({ ordinaryLogs, sharedLog, filteredByPath })) {
  test(`the search finds secrets that ${name} sent`, { timeout: PROPERTY_TIMEOUT_MS }, () => {
    const run = fc.property(steps, (given) => {
      try {
        new Secrets(broken).run(given);
      } catch (error) {
        // A client with a wrong state is another fault.
        if (String(error).includes("which they may not see")) throw error;
      }
    });
    expect(fc.check(run, { numRuns: 3000, endOnFailure: true }).failed).toBe(true);
  });
}

test(
  "the search finds clients that have a wrong state where views have one epoch",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    const run = fc.property(steps, (given) => {
      const secrets = new Secrets(oneEpoch);
      secrets.run(given);
      secrets.converge();
    });
    expect(fc.check(run, { numRuns: 3000, endOnFailure: true }).failed).toBe(true);
  },
);
