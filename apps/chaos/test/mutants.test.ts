import { expect, test } from "vitest";
import { mutants, newerBuild } from "../src/mutants.ts";
import { checkTransform } from "../src/transform.ts";

test.each([newerBuild, ...Object.values(mutants)])("$name changes the build there is", (transform) => {
  checkTransform(transform);
});

test("an edit that finds nothing, or too much, is an error", () => {
  const edit = { file: "core/dist/index.js", replace: "" };
  expect(() => checkTransform({ name: "x", edits: [{ ...edit, find: "nowhere to be found" }] })).toThrow("0 times");
  expect(() => checkTransform({ name: "x", edits: [{ ...edit, find: "export" }] })).toThrow(/[2-9] times/);
});
