import type { StateEvent } from "@statestream/core";

/** What came, against what the same would have cost in whole states. */
export interface Traffic {
  readonly snapshotBytes: number;
  /** Called with each event and the state after it. */
  take(event: StateEvent, state: object | undefined): void;
}

const encoder = new TextEncoder();

/** Bytes of an event around the state that it carries: what is received is counted with them, too. */
const ENVELOPE_BYTES =
  'event: state.initial\ndata: {"type":"state.initial","slices":,"reason":"slow","seq":1000,"heartbeatMs":15000,"timestamp":1700000000000}\nid: mIOwv7R13WN.rs\n\n'
    .length;

export function createTraffic(): Traffic {
  /** A slice that did not change is the same object: it is weighed once. */
  const weights = new WeakMap<object, number>();
  let snapshotBytes = 0;

  const weigh = (value: unknown): number => {
    const known = typeof value === "object" && value !== null ? weights.get(value) : undefined;
    if (known !== undefined) return known;
    const weight = encoder.encode(JSON.stringify(value)).length;
    if (typeof value === "object" && value !== null) weights.set(value, weight);
    return weight;
  };

  return {
    get snapshotBytes() {
      return snapshotBytes;
    },
    take(event, state) {
      const endsCommit = event.type === "state.initial" || (event.type === "state.update" && event.more !== true);
      if (!endsCommit || state === undefined) return;
      // Quotes, colon and comma of each slice, and the braces.
      const slices = Object.entries(state);
      snapshotBytes += slices.reduce((sum, [name, value]) => sum + name.length + 4 + weigh(value), ENVELOPE_BYTES + 2);
    },
  };
}
