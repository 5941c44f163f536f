import fc from "fast-check";
import { test } from "vitest";
import { Branches, branchesPlan } from "../support/branches.ts";
import { checkProperty, PROPERTY_TIMEOUT_MS } from "../support/property.ts";

test(
  "on every branch of a copy, a client has the state of the position that it received",
  { timeout: PROPERTY_TIMEOUT_MS },
  () => {
    checkProperty(
      fc.property(branchesPlan, (plan) => new Branches(plan).run()),
      200,
    );
  },
);
