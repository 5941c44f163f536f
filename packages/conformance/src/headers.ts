import { type Rule, SECRET } from "./rules.ts";

/** Checks that apply to the headers of every response. */
export function checkHeaders(
  headers: readonly (readonly [name: string, value: string])[],
  report: (rule: Rule, text: string) => void,
): void {
  const names = headers.map(([name]) => name).filter((name) => name !== "set-cookie" && name !== "vary");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) report("headers", `${twice} is there twice`);
  for (const [name, value] of headers) {
    if (name === "connection" && !/^(keep-alive|close)$/i.test(value)) report("headers", `${name} is ${value}`);
    if (name === "transfer-encoding" && value !== "chunked") report("headers", `${name} is ${value}`);
    if (value.includes(SECRET)) report("secret", `the header ${name} contains the secret`);
  }
}
