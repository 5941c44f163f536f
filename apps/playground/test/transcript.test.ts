import { expect, test } from "vitest";
import { createTypist, tokenize } from "../src/transcript.ts";
import { quietPlayground } from "./support/playground.ts";

test.each(["", "one", "  one\n\ntwo, three-and-a-half  \n", "\n", "naïve 👩‍👩‍👧‍👦👩‍👩‍👧‍👦 text"])(
  "the tokens of %j are the text",
  (text) => {
    const tokens = tokenize(text);
    expect(tokens.join("")).toBe(text);
    expect(tokens.every((token) => !/\p{Cs}/u.test(token) && Array.from(token.trim()).length <= 8)).toBe(true);
  },
);

test("types a text token by token, and begins again after a pause", () => {
  const { stream } = quietPlayground();
  const type = createTypist(stream, "one two three");
  const typed = () => stream.state.transcript.text;

  expect(typed()).toBe("");
  type();
  expect(typed()).toBe("one");
  type();
  type();
  const whole = { title: "text.md", run: 1, text: "one two three" };
  expect(stream.state.transcript).toEqual(whole);

  let pause = 0;
  for (; stream.state.transcript.run === 1 && pause < 1000; pause++) {
    expect(stream.state.transcript).toEqual(whole);
    type();
  }
  expect(pause).toBeGreaterThan(20);
  expect(stream.state.transcript).toEqual({ title: "text.md", run: 2, text: "" });
  type();
  expect(typed()).toBe("one");
});

test("a new typist goes on where another has stopped", () => {
  const text = "  one\n\ntwo, three-and-a-half  \n";
  const { stream } = quietPlayground();
  for (let count = 0; count < tokenize(text).length; count++) {
    const before = stream.state.transcript.text;
    createTypist(stream, text)();
    expect(stream.state.transcript.text.length).toBeGreaterThan(before.length);
    expect(text.startsWith(stream.state.transcript.text)).toBe(true);
  }
  expect(stream.state.transcript.text).toBe(text);
});

test("an empty text types nothing, and what was written into the slice stays", () => {
  const { stream } = quietPlayground();
  stream.append("transcript", "/text", "written by hand");
  const type = createTypist(stream, "");
  for (let call = 0; call < 200; call++) type();
  expect(stream.state.transcript).toEqual({ title: "text.md", run: 1, text: "written by hand" });
});
