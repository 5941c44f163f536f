import fc from "fast-check";
import { test } from "vitest";
import { plan } from "./support/actions.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "./support/property.ts";
import { World } from "./support/world.ts";

test(
  "whatever happens, every client ends on the server's state, and the server keeps within its bounds",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    checkProperty(
      fc.property(plan, (given) => new World(given).run()),
      300,
    );
  },
);
