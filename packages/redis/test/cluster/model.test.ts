import fc from "fast-check";
import { test } from "vitest";
import { history } from "../support/history.ts";
import { ModelWorld } from "../support/model-world.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";

test(
  "whatever is lost between the nodes, no client is ever told a state that its id does not name, and all end on one",
  { timeout: PROPERTY_TIMEOUT_MS },
  async () => {
    await checkProperty(
      fc.asyncProperty(history, async (given) => await new ModelWorld(given).run()),
      150,
    );
  },
);
