import fc from "fast-check";
import { StateStreamError } from "../../src/support/errors.ts";
import type { Json } from "../../src/json/types.ts";

/** Names that a careless `object[name]` follows to a prototype, and those that a JSON Pointer must escape. */
const hostileNames = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON", "length"];

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "0", "1") },
  fc.constantFrom(...hostileNames, "", "/", "~", "~1", "-", "a/b"),
  fc.string({ maxLength: 3, unit: "binary" }),
);

function ownObject(entries: (readonly [string, Json])[]): Json {
  // Unlike an assignment, this makes __proto__ an own member too.
  return Object.fromEntries(entries);
}

/** JSON values of little variety, so that two of them have much in common, with hostile member names. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json[]>(null, true, false, 0, 1, -1, 1.5, 1e21, "", "a", "é", "\u2028", "\ud800"),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 5 }).map(ownObject),
  ),
})).value;

/** A container, as slices that are worth a patch are. */
export const container: fc.Arbitrary<Json> = json.filter((value) => typeof value === "object" && value !== null);

export function parsed(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/** One text for all equal JSON values. Vitest's equality follows a member named constructor, and this does not. */
export function canonical(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`);
  return `{${members.sort().join(",")}}`;
}

/** An object that nothing may look at. */
export function untouchable(): object {
  const refuse = (): never => {
    throw new Error("somebody looked");
  };
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse },
  );
}

/** The `StateStreamError` that `work` throws; anything else, or nothing, fails the test. */
export function errorOf(work: () => unknown): StateStreamError {
  try {
    work();
  } catch (error) {
    if (error instanceof StateStreamError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
