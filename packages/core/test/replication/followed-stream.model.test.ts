import fc from "fast-check";
import { test } from "vitest";
import { Branches, branchesPlan } from "../support/branches.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";

test(
  "whichever branch a copy is on, what a client has is the state of the position it was told",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    checkProperty(
      fc.property(branchesPlan, (plan) => new Branches(plan).run()),
      200,
    );
  },
);
