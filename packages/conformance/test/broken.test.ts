import { allCases, type Case, localSubject, runCases } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { describe, expect, it } from "vitest";
import { mountWith, pump } from "./broken/adapter.ts";
import { allBroken } from "./broken/all.ts";
import { rightMount } from "./broken/broken.ts";

/** What is broken has to be waited for. */
const patienceMs = 500;

// What is broken below is what was changed, not what it was made from.
describeAdapter("the adapter that is broken, whole", mountWith({}));
describeAdapter(
  "the pump that is broken, whole",
  mountWith({ write: (res, connection) => pump(res, connection, {}) }),
  {
    fails: {
      "stalled-cut": "it waits for the client before it looks at the connection",
      "end-stalled-cut": "it waits for the client before it looks at the connection",
      "revoked-mid-event": "it waits for the client before it looks at the connection",
      "leave-pipelined": "it does not watch the socket of a queued response",
    },
  },
);

describe.concurrent("what is broken is caught", { timeout: 30_000 }, () => {
  for (const { name, mount = rightMount, create, caughtBy } of allBroken) {
    it(`${name}`, async () => {
      const results = await runCases(localSubject(mount, create), caughtBy.map(caseOf), { patienceMs, concurrency: 8 });
      expect(results.filter(({ outcome }) => outcome !== "failed").map(({ id }) => id)).toEqual([]);
    });
  }
});

function caseOf(id: string): Case {
  const found = allCases.find((each) => each.id === id);
  if (found === undefined) throw new Error(`There is no case ${id}.`);
  return found;
}

it("every case catches something", () => {
  const catching = new Set(allBroken.flatMap(({ caughtBy }) => caughtBy));
  expect(allCases.map(({ id }) => id).filter((id) => !catching.has(id))).toEqual([]);
});

it("every case has an id of its own", () => {
  expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length);
});
