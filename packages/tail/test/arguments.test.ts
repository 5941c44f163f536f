import { expect, test } from "vitest";
import { readArguments, type TailOptions } from "../src/arguments.ts";

test("a URL is enough, also without its scheme", () => {
  const given = readArguments(["localhost:3000/events?room=7"]) as TailOptions;
  expect(given.url.href).toBe("http://localhost:3000/events?room=7");
  expect(given).toMatchObject({ slices: undefined, patches: false, json: false, headers: [] });
});

test("slices are split at commas, and headers may be repeated", () => {
  const args = ["https://a.test/e", "--slices", "a,b", "--headers", "authorization: Bearer x:y", "--headers", "x-a:1"];
  expect(readArguments(args)).toMatchObject({
    slices: ["a", "b"],
    headers: [
      ["authorization", "Bearer x:y"],
      ["x-a", "1"],
    ],
  });
});

test.each([
  [[], "The URL of a stream is missing."],
  [["a.test", "b.test"], "Expected one URL, got 2: a.test b.test"],
  [["ftp://a.test"], "Not an http or https URL: ftp://a.test"],
  [["http://"], "Not an http or https URL: http://"],
  [["a.test", "--headers", "nothing"], "Not a header of the form 'name: value': nothing"],
  [["a.test", "--headers", "näme: x"], "Not a valid header: näme: x"],
  [["a.test", "--json", "--patches"], "--json prints every event whole: leave --patches out."],
])("%j is answered with what is wrong", (args, message) => {
  expect(readArguments(args)).toBe(message);
});

test("an unknown option is named", () => {
  expect(readArguments(["a.test", "--patch"])).toContain("--patch");
});
