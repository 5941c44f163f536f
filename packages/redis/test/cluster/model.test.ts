import fc from "fast-check";
import { test } from "vitest";
import { history } from "../support/history.ts";
import { ModelWorld } from "../support/model-world.ts";
import { checkAsyncProperty, PROPERTY_TIMEOUT_MS } from "../../../core/test/support/property.ts";

test(
  "whatever is lost between the nodes, each event ID names one state on every client, and all clients end on the same state",
  { timeout: PROPERTY_TIMEOUT_MS, retry: 0 },
  async () => {
    await checkAsyncProperty(
      fc.asyncProperty(history, async (given) => await new ModelWorld(given).run()),
      150,
    );
  },
);
